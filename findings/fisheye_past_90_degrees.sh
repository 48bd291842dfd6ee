#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a lens of 210 degrees sees behind its own plane: projected to the opposite side, as if it were in front.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  numpy==2.4.6 opencv-python-headless==4.14.0.94 pycolmap==4.2.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
import pycolmap

focal, middle = 150., 320.
camera = np.array([[focal, 0, middle], [0, focal, middle], [0, 0, 1]])
angles = np.radians([80., 100.])  # from the optical axis, to the right
points = np.stack([np.sin(angles), 0 * angles, np.cos(angles)], axis=1)
still = np.zeros(3)
by_opencv = cv2.fisheye.projectPoints(points[:, None], still, still, camera, np.zeros(4))[0].reshape(-1, 2)
model = pycolmap.Camera(model='OPENCV_FISHEYE', width=640, height=640, params=[focal] * 2 + [middle] * 2 + [0] * 4)
by_colmap = model.img_from_cam(points)
expected = middle + focal * angles
versions = f'OpenCV {cv2.__version__}, pycolmap {pycolmap.__version__}'
guess = f'the equidistant model goes on past 90 degrees: u = {expected.round(1).tolist()}'
seen = (f'cv2.fisheye u = {by_opencv[:, 0].round(1).tolist()}, COLMAP\'s OPENCV_FISHEYE u = '
        f'{by_colmap[:, 0].round(1).tolist()}')
held = (np.allclose(by_opencv[:, 0], [expected[0], middle - focal * angles[0]]) and np.isnan(by_colmap[1]).all()
        and np.isclose(by_colmap[0, 0], expected[0]))
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
