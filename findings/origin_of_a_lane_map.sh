#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A lane map projected about its origin by each of the package's three local projectors. By one the origin is far from 0, by
# another a place 1 km to the north lies 32 m to the west: a pose in the map fits one of them only.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check lanelet2==1.2.3
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from lanelet2 import io, projection
from lanelet2.core import GPSPoint

LATITUDE, LONGITUDE, HEIGHT = 48.1, 11.5, 500.0
NORTH = 1000 / 111192.4  # degrees of latitude of 1 km on the ellipsoid, here


def laid_out(projector):
    """Return where the origin lies, and where a place 1 km north of it lies from there, in whole metres; and both heights."""
    places = [projector.forward(GPSPoint(LATITUDE + further, LONGITUDE, HEIGHT)) for further in (0, NORTH)]
    origin, north = ([place.x, place.y] for place in places)
    return ([round(part) for part in origin], [round(part - begun) + 0 for part, begun in zip(north, origin)],
            [round(place.z) + 0 for place in places])


origin = io.Origin(LATITUDE, LONGITUDE, HEIGHT)
seen = {name: laid_out(getattr(projection, name)(origin))
        for name in ('LocalCartesianProjector', 'UtmProjector', 'MercatorProjector')}
print(f'lanelet2 {version("lanelet2")}\n'
      'guess: of all three the origin lies at 0 0 0, and 1 km to the north at 0 1000 0\n'
      + 'seen:  ' + '; '.join(f'{name}: origin at {at}, 1 km to the north {north} further, heights {heights}'
                              for name, (at, north, heights) in seen.items()))
local, utm, mercator = seen.values()
held = (local == ([0, 0], [0, 1000], [0, 0]) and utm == ([0, 0], [-32, 999], [500, 500])
        and mercator == ([854942, 4089478], [0, 1001], [500, 500]))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
