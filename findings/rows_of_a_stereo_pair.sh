#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A stereo pair, the right camera 0.2 m to the right and turned a little, rectified by OpenCV and by a package that says it does the same.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check dwilson-sensor-transposition==0.1.0 opencv-python-headless==4.14.0.94 \
  numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import cv2
import numpy as np
from sensor_transposition.stereo import stereo_rectify

camera = np.array([[500., 0, 320], [0, 500, 240], [0, 0, 1]])
left = np.random.default_rng(0).uniform([-1, -1, 3], [1, 1, 6], (200, 3))


def rectified(turn, first, second):
    """How far apart the rows of one point are, in pixels, the least disparity, and whether up is up."""
    right = left @ turn.T + move
    rows, columns = zip(*((500 * points[:, 1] / points[:, 2], 500 * points[:, 0] / points[:, 2]) for points in (left @ first.T, right @ second.T)))
    return round(float(np.abs(rows[0] - rows[1]).max()), 1) + 0, round(float((columns[0] - columns[1]).min())), bool(first[1, 1] > 0)


move, guess, seen = np.array([-.2, 0, 0]), [], []
for turn in (np.eye(3), cv2.Rodrigues(np.array([.1, .2, .1]))[0]):
    guess.append(rectified(turn, *cv2.stereoRectify(camera, None, camera, None, (640, 480), turn, move)[:2]))
    seen.append(rectified(turn, *stereo_rectify(camera, [], camera, [], turn, move, (480, 640))[:2]))
print(f'dwilson-sensor-transposition {version("dwilson-sensor-transposition")}, OpenCV {cv2.__version__}\n'
      f'guess: rows that agree, a positive disparity and up that is up, as in OpenCV, for parallel and for turned cameras: {guess}\n'
      f'seen:  {seen}: pictures upside down, a negative disparity, and of turned cameras rows that differ')
held = all(rows == 0 and disparity > 0 and up for rows, disparity, up in guess)
held = held and all(disparity < 0 and not up for _, disparity, up in seen) and seen[0][0] == 0 and 2 < seen[1][0] < 4
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
