#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A vehicle straight ahead of a lane's end, and one straight behind its start, in the lane's own coordinates. It stands 5 m to the
# right of the lane, as far as it is from its end: a controller steers to the left, and the way back is another place.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check lanelet2==1.2.3
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from lanelet2 import geometry
from lanelet2.core import BasicPoint2d, LineString3d, Point3d, getId

lane = geometry.to2D(LineString3d(getId(), [Point3d(getId(), x, y, 0.0) for x, y in ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0))]))


def told(x, y):
    """Return how far along the lane and to its left a place is, and the place of which that is told."""
    along = geometry.toArcCoordinates(lane, BasicPoint2d(x, y))
    back = geometry.fromArcCoordinates(lane, along)
    return [round(value, 1) + 0.0 for value in (along.length, along.distance, back.x, back.y)]


seen = {'2 m to the left of it': told(5.0, 2.0), '5 m past its end, straight ahead': told(10.0, 15.0),
        '5 m behind its start, straight': told(-5.0, 0.0), '5 m behind its start and 1 m to the left': told(-5.0, 1.0)}
print(f'lanelet2 {version("lanelet2")}\n'
      'guess: 0 to the side where the place lies straight ahead or behind, and back it is the same place\n'
      + 'seen:  ' + '; '.join(f'{name}: along {along}, to the left {left}, back at {x} {y}'
                              for name, (along, left, x, y) in seen.items()))
held = list(seen.values()) == [[5, 2, 5, 2], [20, -5, 15, 10], [0, -5, 0, -5], [0, 5.1, 0, 5.1]]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
