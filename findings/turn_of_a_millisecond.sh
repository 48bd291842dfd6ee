#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A slow turn, attitudes a thousand times a second, and its angle as the sum of the turns from each to the next.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==4.14.0.94 scipy==1.17.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

RATES = 0.005, 0.015  # rad/s
SECONDS, RATE = 10, 1000


def told(rate):
    angles = rate * np.arange(SECONDS * RATE + 1) / RATE
    attitudes = [cv2.Rodrigues(np.array([0, 0, angle]))[0] for angle in angles]
    steps = [a.T @ b for a, b in zip(attitudes, attitudes[1:])]
    by_opencv = sum(cv2.Rodrigues(step)[0][2, 0] for step in steps)
    by_scipy = Rotation.from_matrix(steps).as_rotvec().sum(axis=0)[2]
    return [round(float(np.degrees(angle)), 3) for angle in (by_opencv, by_scipy)]


seen = {rate: told(rate) for rate in RATES}
true = {rate: round(float(np.degrees(rate * SECONDS)), 3) for rate in RATES}
print(f'OpenCV {cv2.__version__}\n'
      f'guess: the turns add up to the whole one, {true} degrees, by OpenCV and by SciPy\n'
      f'seen:  {seen}: `Rodrigues` of a matrix that turns by less than 1e-5 rad is 0, of a vector that short it is exact')
held = seen[RATES[0]] == [0, true[RATES[0]]] and seen[RATES[1]] == [true[RATES[1]]] * 2
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
