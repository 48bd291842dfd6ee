#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A GNSS satellite from ECEF to latitude, longitude and height: exact on the ground, off by tens of metres up there.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pymap3d==3.2.0 pyproj==3.7.2 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from pymap3d import ecef2geodetic, geodetic2ecef
from pyproj import Transformer

LATITUDE, LONGITUDE = 55.0, 10.0
RADIUS = 6.37e6
proj = Transformer.from_crs('EPSG:4978', 'EPSG:4979')


def off(height):
    """Return by how many metres the latitude is off that comes back, of pymap3d and of PROJ."""
    place = geodetic2ecef(LATITUDE, LONGITUDE, height)
    return [abs(float(back(*place)[0]) - LATITUDE) * 0.0174533 * (RADIUS + height)
            for back in (ecef2geodetic, proj.transform)]


heights = {'100 m': 100, '400 km': 4e5, '2000 km': 2e6, '20200 km': 2.02e7}
seen = {name: [float(f'{metres:.1g}') for metres in off(height)] for name, height in heights.items()}
print(f'pymap3d {version("pymap3d")}, pyproj {version("pyproj")}\n'
      'guess: from ECEF and back is the same place, to a micrometre, at each height\n'
      f'seen:  metres off by height, pymap3d and PROJ: {seen}')
held = seen['100 m'][0] < 1e-6 and seen['20200 km'][0] > 10 and all(proj < 1 for _, proj in seen.values())
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
