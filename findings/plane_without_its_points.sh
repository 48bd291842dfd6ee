#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Is a point on the ground plane? A plane made of three points holds none of them, and its mirror image holds them.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check spatialmath-python==1.1.18 numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from spatialmath import Plane3

HEIGHT = 3.0
corners = np.array([[0, 0, HEIGHT], [1, 0, HEIGHT], [0, 1, HEIGHT]]).T  # of a table, one in each column
table = Plane3.ThreePoints(corners)
on = [bool(table.contains(corner)) for corner in corners.T]
mirrored = [bool(table.contains(corner * [1, 1, -1])) for corner in corners.T]
floor = Plane3.ThreePoints(corners * [[1], [1], [0]])
on_floor = [bool(floor.contains(corner * [1, 1, 0])) for corner in corners.T]
print(f'spatialmath-python {version("spatialmath-python")}\n'
      f'guess: a plane through three points contains them\n'
      f'seen:  plane {table.plane.tolist()}, as a x + b y + c z + d = 0; contains its points, {HEIGHT} m up: {on}; '
      f'the same {HEIGHT} m down: {mirrored}; through the origin: {on_floor}')
held = not any(on) and all(mirrored) and all(on_floor) and table.plane.tolist() == [0, 0, 1, -HEIGHT]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
