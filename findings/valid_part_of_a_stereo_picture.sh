#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Rectified pictures of a stereo camera, of which OpenCV tells the part where each pixel has a value: x, y, width and height.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps openvo==0.0.6
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 opencv-python-headless==4.14.0.94
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import cv2
import numpy as np
from openVO import StereoCamera

matrix, lens = np.array([[500., 0, 320], [0, 500, 240], [0, 0, 1]]), np.array([.15, 0, 0, 0, 0])
matcher = dict(minDisparity=0, numDisparities=64, blockSize=5, P1=200, P2=800, disp12MaxDiff=1, preFilterCap=31, uniquenessRatio=10,
               speckleWindowSize=0, speckleRange=0)
pose = dict(R=cv2.Rodrigues(np.array([.01, -.02, .04]))[0], T=np.array([-.2, 0, 0]))
camera = StereoCamera(matrix, lens, matrix, lens, pose, matcher, (640, 480))
x, y, width, height = camera.valid_region_left
columns, rows = np.meshgrid(np.arange(640), np.arange(480))
left = camera.crop_to_valid_region_left(np.dstack([columns, rows]))
seen = left.shape[1], left.shape[0]
print(f'openvo {version("openvo")}, OpenCV {cv2.__version__}\n'
      f'guess: of a picture whose valid part is {width} by {height} pixels, from column {x} and row {y} on, these are left\n'
      f'seen:  {seen[0]} by {seen[1]}, to column {left[0, -1, 0]} and row {left[-1, 0, 1]}, for {x + width - 1} and {y + height - 1}: width and height are taken for the '
      'end')
held = x > 0 and y > 0 and left[0, 0].tolist() == [x, y] and seen == (width - x, height - y)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
