#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A boat near Fiji steers along a rhumb line to a place 22 km to the east, on the other side of 180 degrees.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pymap3d==3.2.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from pymap3d.lox import loxodrome_inverse
from pymap3d.vincenty import vdist

HERE, EAST, NORTH_EAST = (-17.0, 179.9), (-17.0, -179.9), (-16.9, -179.9)


def to(there):
    """Return kilometres and course, along the rhumb line and along the geodesic."""
    return [(round(float(metres) / 1e3, 1), round(float(course), 1))
            for metres, course in (loxodrome_inverse(*HERE, *there), vdist(*HERE, *there))]


east, north_east = to(EAST), to(NORTH_EAST)
print(f'pymap3d {version("pymap3d")}\n'
      'guess: so near, rhumb line and geodesic are one: 21.3 km on course 90, and 24.0 km on course 63\n'
      f'seen:  loxodrome_inverse {east[0]} and {north_east[0]}, vdist {east[1]} and {north_east[1]}: from 179.9 to -179.9 '
      'it goes west round the Earth, and due west half of it')
held = (east[0][0] > 15000 and east[0][1] == 270 and north_east[0][0] > 30000 and 265 < north_east[0][1] < 275
        and abs(east[1][0] - 21.3) < .1 and abs(east[1][1] - 90) < .1 and abs(north_east[1][0] - 24) < .1)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
