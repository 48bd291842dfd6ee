#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The number in the header of a PGM and of a PFM: one reader scales by it here, the other one there.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  numpy==2.4.6 pillow==13.0.0 opencv-python-headless==4.14.0.94
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
import PIL
from PIL import Image

depth = [0, 1000, 5000, 10000]  # millimetres, none above 10 m: the header says so
with open('depth.pgm', 'wb') as file:
    file.write(b'P5\n4 1\n10000\n' + np.array(depth, '>u2').tobytes())
disparity = [1., 20., 60., 64.]
with open('disparity.pfm', 'wb') as file:  # the sign is the byte order; 1/255 is met in stereo data sets
    file.write(b'Pf\n4 1\n-0.003922\n' + np.array(disparity, '<f4').tobytes())
names = 'depth.pgm', 'disparity.pfm'
by_pillow = [np.asarray(Image.open(name)).ravel().tolist() for name in names]
by_opencv = [cv2.imread(name, cv2.IMREAD_UNCHANGED).ravel().round(1).tolist() for name in names]
versions = f'Pillow {PIL.__version__}, OpenCV {cv2.__version__}'
guess = f'both give the samples, {depth} and {disparity}; a scale is for who asks'
seen = f'Pillow {by_pillow}, OpenCV {by_opencv}'
held = (by_pillow == [[0, 6554, 32768, 65535], disparity] and by_opencv[0] == depth
        and np.allclose(by_opencv[1], np.array(disparity) / .003922, atol=.1))
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
