#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What is left of a waypoint that was surveyed to a centimetre, as GeoJSON and as WKT.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check geojson==3.3.0 shapely==2.2.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import json
import sys
from importlib.metadata import version

import geojson
import shapely

PLACE = (8.12345678, 48.12345647)  # degrees
METRES = 111_320  # to a degree of latitude


def off(latitude):
    return f'{abs(latitude - PLACE[1]) * METRES * 100:.0f} cm'


point = shapely.Point(PLACE)
text = json.dumps({'type': 'Point', 'coordinates': PLACE})
found = {'geojson.dumps': json.loads(geojson.dumps(geojson.Point(PLACE)))['coordinates'][1],
         'geojson.loads': geojson.loads(text)['coordinates'][1],
         'shapely.to_wkt': shapely.from_wkt(shapely.to_wkt(point)).y,
         'Point.wkt': shapely.from_wkt(point.wkt).y,
         'shapely.to_geojson': shapely.from_geojson(shapely.to_geojson(point)).y}
print(f'geojson {version("geojson")}, shapely {version("shapely")}\n'
      'guess: text keeps a coordinate, as json.dumps does, or all of these round alike\n'
      f'seen:  {", ".join(f"{name} off by {off(value)}" for name, value in found.items())}')
rounded = {name for name, value in found.items() if value == round(PLACE[1], 6) != PLACE[1]}
held = rounded == {'geojson.dumps', 'geojson.loads', 'shapely.to_wkt'} and all(
    value == PLACE[1] for name, value in found.items() if name not in rounded)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
