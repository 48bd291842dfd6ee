#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A place 100 m to the east of a base near Zurich, taken to the frame that is fixed to the Earth and back, by two ways of one package.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ins-nav==2023.7.2 numpy==2.4.6 pyproj==3.7.2
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from ins_nav import NavigationFrame
from pyproj import Transformer

BASE = 47.4, 8.5, 400
frame = NavigationFrame(BASE)
way = Transformer.from_pipeline(f'+proj=pipeline +step +inv +proj=topocentric +ellps=WGS84 +lat_0={BASE[0]} +lon_0={BASE[1]} +h_0={BASE[2]}')
places = {'east': (100, 0, 0), 'north': (0, 100, 0), 'up': (0, 0, 100)}
off, back = {}, {}
for name, place in places.items():
    seen, other = frame.enu2ecef(np.array(place, float)), frame.ned2ecef(frame.enu2ned(np.array(place, float)))
    right = np.array(way.transform(*map(float, place)))
    off[name] = [round(float(np.linalg.norm(way - right)), 2) for way in (seen, other)]
    back[name] = (frame.ecef2enu(seen).round(1) + 0).tolist()
print(f'ins-nav {version("ins-nav")}\n'
      'guess: places 100 m to the east, to the north and up are where PROJ has them, and come back\n'
      f'seen:  by "enu2ecef" {off["east"][0]}, {off["north"][0]} and {off["up"][0]} m aside, by way of "ned2ecef" '
      f'{off["east"][1]}, {off["north"][1]} and {off["up"][1]}; the first comes back at {back["east"]}:\n       for its second coordinate the cosine of the latitude is taken, for that of the longitude')
held = 31 < off['east'][0] < 32 and max(off['north'] + off['up'] + off['east'][1:]) < .01 and back['north'] == [0, 100, 0] and back['east'] != [100, 0, 0]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
