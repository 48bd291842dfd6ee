#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A level robot at rest that looks to the left of north by 0, 30, 60 and 90 degrees, whose filter gets accelerometer,
# gyroscope and magnetometer for 10 s.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check imutesting==0.0.20 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from imutesting.filters.EKF import EKF_AHRS

FIELD = np.array([20, 0, -40])  # to the north and down: x is north, y west, z up
TURNS = 0, 30, 60, 90


def heading(turn, start):
    """Return the heading after 10 s at 200 Hz of a robot so turned, whose filter begins at "start"."""
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    field = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]]) @ FIELD
    half = np.radians(start) / 2
    ekf = EKF_AHRS(.005, x_k_minus_1=np.array([np.cos(half), 0, 0, np.sin(half)]))
    for _ in range(2000):
        yaw = ekf.ekf_apply([0, 0, 9.81], [0, 0, 0], field)[2]
    return round(float(yaw), 1) + 0


seen, other = ([heading(turn, start) for turn in TURNS] for start in (0, 40))
print(f'imutesting {version("imutesting")}\n'
      f'guess: it looks to {list(TURNS)} degrees, wherever its filter begins\n'
      f'seen:  to {seen} if it begins at 0, to {other} if at 40: the magnetometer is not read,\n'
      '       its reading is replaced by that of the accelerometer')
sys.exit(0 if seen == [0] * 4 and other == [40] * 4 else 'The behaviour has changed.')
PYTHON
