#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A local map by the orthographic projection, which is the plane that touches the ellipsoid at its centre: east and north of what lies
# on the ellipsoid. By Proj4js, PROJ, and by hand from geocentric coordinates; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pyproj==3.7.2
npm install --silent --no-audit --no-fund --prefix "$work" proj4@2.22.0
cd "$work"
cat > local.mjs <<'JS'
import proj4 from 'proj4'
const places = [[11, 48.09], [11.134, 48], [11, 48.9]]
const convert = (name, place) => proj4('+proj=longlat +ellps=WGS84 +no_defs',
  `+proj=${name} +lat_0=48 +lon_0=11 +x_0=0 +y_0=0 +ellps=WGS84 +no_defs`).forward(place)
console.log(JSON.stringify(['ortho', 'aeqd'].map(name => places.map(place => convert(name, place)))))
JS
node local.mjs > local.json
"$work/venv/bin/python" - <<'PYTHON'
import json
import sys
from math import cos, radians, sin, sqrt

import numpy as np
import pyproj

PLACES = (11, 48.09), (11.134, 48), (11, 48.9)


def earth(longitude, latitude):
    a, e2 = 6378137, (2 - 1 / 298.257223563) / 298.257223563
    length, width = radians(longitude), radians(latitude)
    normal = a / sqrt(1 - e2 * sin(width) ** 2)
    return np.array([normal * cos(width) * cos(length), normal * cos(width) * sin(length), normal * (1 - e2) * sin(width)])


length, width = radians(11), radians(48)
east = np.array([-sin(length), cos(length), 0])
north = np.array([-sin(width) * cos(length), -sin(width) * sin(length), cos(width)])
hand = np.array([[(earth(*place) - earth(11, 48)) @ axis for axis in (east, north)] for place in PLACES])
proj = np.array([pyproj.Transformer.from_crs('EPSG:4326', '+proj=ortho +lat_0=48 +lon_0=11 +ellps=WGS84', always_xy=True).transform(*place)
                 for place in PLACES])
other = np.array([pyproj.Transformer.from_crs('EPSG:4326', '+proj=aeqd +lat_0=48 +lon_0=11 +ellps=WGS84', always_xy=True).transform(*place)
                  for place in PLACES])
browser, azimuthal = np.array(json.load(open('local.json')))


def off(values, right):
    return np.hypot(*(values - right).T).round(2).tolist()


print(f'proj4 2.22.0 (npm), pyproj {pyproj.__version__}, PROJ {pyproj.proj_version_str}\n'
      f'guess: the plane that touches the ellipsoid, to a millimetre; PROJ is off by {off(proj, hand)} m\n'
      f'seen:  10 km to the north, to the east and 100 km to the north {off(browser, hand)} m off; by aeqd {off(azimuthal, other)}')
held = max(off(proj, hand)) == 0 and off(browser, hand)[0] > 10 and off(browser, hand)[2] > 100 and max(off(azimuthal, other)) == 0
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
