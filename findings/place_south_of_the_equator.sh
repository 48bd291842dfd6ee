#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Places near Zurich, on the equator's south side in Kenya, and in Sydney, told in UTM by PROJ and taken back.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check geocon==0.0.3 pyproj==3.7.2 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from geocon import Geocon
from pyproj import Geod, Transformer

PLACES = {'Zurich': (47.4, 8.5, 32), 'Kenya': (-1., 37., 37), 'Sydney': (-33.86, 151.2, 56)}
off = {}
for name, (latitude, longitude, zone) in PLACES.items():
    south = latitude < 0
    east, north = Transformer.from_crs(4326, 32600 + 100 * south + zone, always_xy=True).transform(longitude, latitude)
    back = Geocon(0).utmToLatLng(east, north, zone, south)
    off[name] = Geod(ellps='WGS84').inv(longitude, latitude, back['lng'], back['lat'])[2]
print(f'geocon {version("geocon")}\n'
      'guess: each of three places is where it was, to a decimetre or two\n'
      f'seen:  in metres aside { {name: round(way, 1) for name, way in off.items()} }: south of the equator the\n'
      '       scale of UTM, 0.9996, is left out')
held = off['Zurich'] < .2 and 40 < off['Kenya'] < 50 and 1490 < off['Sydney'] < 1510
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
