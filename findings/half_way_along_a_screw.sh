#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A robot at 1 0 0 that goes a quarter of a circle about the origin, to 0 1 0, told as dual quaternions, and how an
# exponential changes with its argument.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check neura-dual-quaternions==0.0.4 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from neura_dual_quaternions import DualQuaternion, Quaternion

STEP = 1e-6


def exponential(turn):
    return Quaternion.exp(Quaternion(0, *turn)).asVector().ravel()


start = DualQuaternion.fromQuatPos(Quaternion(1, 0, 0, 0), [1, 0, 0])
end = DualQuaternion.fromQuatPos(Quaternion(np.sqrt(.5), 0, 0, np.sqrt(.5)), [0, 1, 0])
ways = start * (start.inverse() * end).power(.5), DualQuaternion.sclerp(start, end, .5)
right, seen = ([round(float(part), 3) + 0 for part in way.getPosition().ravel()] for way in ways)
angles = [round(float(2 * np.degrees(np.arctan2(way.real.z, way.real.w))), 3) for way in ways]
turn = np.array([.3, -.2, .5])
steps = [(exponential(turn + step) - exponential(turn - step)) / (2 * STEP) for step in STEP * np.eye(3)]
off = abs(Quaternion.exp_dot(Quaternion(0, *turn)) - np.array(steps).T)
row, column = (int(index) for index in np.unravel_index(off.argmax(), off.shape))
print(f'neura-dual-quaternions {version("neura-dual-quaternions")}\n'
      f'guess: half way "sclerp", screw linear interpolation, is at {right}, on the circle, as by "power",\n'
      f'       turned by {angles[0]} degrees, and "exp_dot" is the derivative of "exp"\n'
      f'seen:  at {seen}, on the straight line, turned by {angles[1]}, and the derivative is off by {off.max():.3f}\n'
      f'       in row {row}, column {column}, where x is taken for y')
held = right == [.707, .707, 0] and seen == [.5, .5, 0] and angles == [45, 45]
held = held and (row, column) == (3, 1) and off.max() > .05 and (off > 1e-6).sum() == 1
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
