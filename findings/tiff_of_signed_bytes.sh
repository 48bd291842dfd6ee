#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# TIFFs of the less common sample types: Pillow turns signs, and says of float64 that it is no image.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  numpy==2.4.6 tifffile==2026.3.3 pillow==13.0.0 opencv-python-headless==4.14.0.94
cd "$work"
export OPENCV_LOG_LEVEL=SILENT
"$work/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
import PIL
import tifffile
from PIL import Image

samples = {'int8': [-5, 5], 'uint32': [3_000_000_000, 5], 'float64': [-.5, 1.5]}
by_pillow, by_opencv = {}, {}
for name, values in samples.items():
    tifffile.imwrite('image.tif', np.array([values], name))
    try:
        by_pillow[name] = np.asarray(Image.open('image.tif')).ravel().tolist()
    except PIL.UnidentifiedImageError as error:
        by_pillow[name] = str(error)
    image = cv2.imread('image.tif', cv2.IMREAD_UNCHANGED)
    by_opencv[name] = None if image is None else image.ravel().tolist()
versions = f'Pillow {PIL.__version__}, OpenCV {cv2.__version__}, written by tifffile {tifffile.__version__}'
guess = f'{samples} in both, or the type is named as one that is not supported'
seen = f'Pillow {by_pillow}; OpenCV {by_opencv}'
held = (by_pillow['int8'] == [251, 5] and by_pillow['uint32'] == [-1294967296, 5]
        and 'cannot identify' in by_pillow['float64'] and by_opencv['float64'] == samples['float64'])
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
