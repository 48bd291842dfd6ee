#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A point into a camera of eight coefficients and back by OpenCV: 28 pixels aside, as it stops after five steps.
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

focal, width, height = 612., 1280, 720
camera = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
coefficients = np.array([.5, -2.6, .0006, -.0002, 1.5, .39, -2.4, 1.46])  # as some depth cameras report
x, y = np.meshgrid(np.linspace(-.9, .9, 9), np.linspace(-.55, .55, 7))
rays = np.stack([x.ravel(), y.ravel()], axis=1)
pixels = cv2.projectPoints(np.c_[rays, np.ones(len(rays))], np.zeros(3), np.zeros(3), camera, coefficients)[0][:, 0]
assert (pixels >= 0).all() and (pixels <= [width, height]).all()
twin = pycolmap.Camera(model='FULL_OPENCV', width=width, height=height,
                       params=[focal, focal, width / 2, height / 2, *coefficients])
until_still = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 100, 1e-9)
back = {
    'undistortPoints': cv2.undistortPoints(pixels, camera, coefficients)[:, 0],
    'undistortPointsIter': cv2.undistortPointsIter(pixels, camera, coefficients, None, None, until_still)[:, 0],
    'pycolmap': twin.cam_from_img(pixels),
}
away = {name: round(float(np.abs(found - rays).max() * focal), 3) for name, found in back.items()}
versions = f'OpenCV {cv2.__version__}, pycolmap {pycolmap.__version__}'
guess = 'the inverse is iterated until it stands: less than 0.01 pixel'
seen = f'pixels from where it was: {away}'
held = away['undistortPoints'] > 20 and away['undistortPointsIter'] < .01 and away['pycolmap'] < .01
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
