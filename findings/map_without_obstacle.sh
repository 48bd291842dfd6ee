#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How far the nearest obstacle is on a map that has none.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check scipy==1.17.1 opencv-python-headless==4.14.0.94 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
import scipy
from scipy import ndimage

free = np.ones((100, 100), 'u1')  # cells of 0.1 m, all free
exact, cells = ndimage.distance_transform_edt(free, sampling=0.1, return_indices=True)
brute = ndimage.distance_transform_bf(free, sampling=0.1)
chamfer = ndimage.distance_transform_cdt(free)
other = cv2.distanceTransform(free, cv2.DIST_L2, 5)
print(f'SciPy {scipy.__version__}, OpenCV {cv2.__version__}\n'
      'guess: infinity, or something larger than the map, in each cell\n'
      f'seen:  distance_transform_edt tells {exact[0, 0]:.1f} m at one corner, {exact[-1, -1]:.1f} m at the other, from an '
      f'obstacle in cell {cells[:, 0, 0].tolist()}, outside; distance_transform_bf {brute.min():.2g}, distance_transform_cdt '
      f'{chamfer.min()}, OpenCV {other.min():.2g}')
held = (abs(exact[0, 0] - 0.1) < 1e-9 and 14 < exact[-1, -1] < 14.2 and brute.min() > 1e100 and (chamfer == -1).all()
        and other.min() > 1e30)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
