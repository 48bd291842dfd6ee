#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A lane that leads 20 m east and then turns left, as a polygon by av2 of Argoverse 2, and the same with the straight piece turned by a
# hundredth of a degree.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 matplotlib==3.11.2 shapely==2.2.0 universal-pathlib==0.3.10
cd "$work"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps av2==0.3.6
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from av2.geometry.polyline_utils import centerline_to_polygon
from shapely.geometry import Polygon

turn = np.linspace(-np.pi / 2, 0, 10)[1:]
seen = []
for slope in (2e-4, 0):
    straight = np.arange(-20, 1, 5.)
    lane = np.r_[np.c_[straight, -20 + slope * straight], 20 * np.c_[np.cos(turn), np.sin(turn)]]
    polygon = Polygon(centerline_to_polygon(lane))
    seen.append((round(polygon.area), polygon.is_valid))
expected = round(3.8 * float(np.linalg.norm(np.diff(lane, axis=0), axis=1).sum()))
print(f'av2 {version("av2")}\n'
      f'guess: {expected} m2, 3.8 m for each metre, and a polygon that does not cross itself, whichever way it begins\n'
      f'seen:  {seen[0][0]} m2, valid: {seen[0][1]}, where it begins almost east; {seen[1][0]} m2, valid: {seen[1][1]}, where it begins due '
      'east: left and right change places where it turns')
sys.exit(0 if abs(seen[0][0] - expected) < 3 and seen[0][1] and seen[1][0] < 80 and not seen[1][1] else 'The behaviour has changed.')
PYTHON
