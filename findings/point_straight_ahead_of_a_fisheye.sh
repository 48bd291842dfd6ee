#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A fisheye camera of Scaramuzza's model, and a perspective view, 120 degrees wide and 60 high, made of its picture.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check rich==15.0.0 ndshapecheck==0.2.4 numpy==2.4.6 scipy==1.17.1 opencv-python-headless==4.14.0.94
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps pyfisheye==1.0.1
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from pyfisheye.camera import Camera

MIDDLE = np.array([640., 480.])
camera = Camera(MIDDLE, np.array([300, 0, -8e-4, 1e-7, -1e-10]), image_size_wh=np.array([1280, 960]))
ahead, beside = camera.world2cam(np.array([[0., 0, 5], [1e-6, 0, 5]]))
back = camera.cam2world(MIDDLE[None])[0]
wide, high = np.tan(np.radians([60, 30]))
view = camera.map_perspective(np.array([[wide, 0, 1], [-wide, 0, 1], [0, high, 1], [0, -high, 1]]), img_width=600)
rays = camera.cam2world(view.reshape(-1, 2)).reshape(*view.shape[:2], 3)
plane = rays[..., :2] / rays[..., 2:]
row, column = np.array(view.shape[:2]) // 2
across, down = plane[row + 10, column + 50, 0] - plane[row + 10, column, 0], plane[row + 50, column + 10, 1] - plane[row, column + 10, 1]
missing = np.argwhere(np.isnan(view).any(-1)).tolist()
print(f'pyfisheye {version("pyfisheye")}\n'
      f'guess: a point 5 m straight ahead is at {MIDDLE}, as the way back from there leads ahead, and a view whose height is left open, so\n'
      '       as to "maintain the aspect ratio", shows a square as one\n'
      f'seen:  the way back from {MIDDLE} leads to {back}; the point is at {ahead}, one a micrometre beside it at {np.round(beside, 3)}; in the\n'
      f'       view {missing} has none, and a square is {across / down:.2f} times as high as wide: the ratio is one of angles')
held = (np.isnan(ahead).all() and np.allclose(beside, MIDDLE, atol=1e-3) and np.allclose(back, [0, 0, 1]) and missing == [[150, 300]]
        and abs(across / down - 1.5) < .01)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
