#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The circumradius of three points of a circle of radius 1, and of a right triangle; of points on a line it is, by its description, half
# the distance of the farthest two.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 dipy==1.12.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from dipy.core.geometry import circumradius


def hand(points):
    a, b, c = points
    sides = [np.linalg.norm(side) for side in (b - c, c - a, a - b)]
    return float(np.prod(sides) / (2 * np.linalg.norm(np.cross(b - a, c - a))))


arc = np.array([[np.cos(angle), np.sin(angle), 0] for angle in (0, .5, 1)])
triangle = np.array([[0, 0, 0], [3, 0, 0], [0, 4, 0]], float)
right = [round(hand(points), 3) for points in (arc, triangle)]
seen = [[round(float(circumradius(*np.roll(points, shift, 0))), 3) for shift in range(3)] for points in (arc, triangle)]
try:
    line = float(circumradius(np.zeros(3), np.array([1., 0, 0]), np.array([4., 0, 0])))
except TypeError:
    line = 'TypeError'
print(f'dipy {version("dipy")}\n'
      f'guess: {right}, whichever point is told first\n'
      f'seen:  {seen}, by which is told first; of a line 4 m long {line} for 2')
held = right == [1, 2.5] and all(min(abs(value - wanted) for value in values) > .04 for values, wanted in zip(seen, right))
held = held and all(len(set(values)) > 1 for values in seen) and line == 'TypeError'
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
