#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A road that leads 1 km to the north of the place that its OpenDRIVE map names, and its latitude.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check carla==0.9.16 pyproj==3.7.2 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import carla
import pyproj

LENGTH = 1000.0
ROAD = '''<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="4" name="" version="1" north="0" south="0" east="0" west="0">
<geoReference><![CDATA[{}]]></geoReference></header><road name="r" length="1000" id="0" junction="-1"><planView>
<geometry s="0" x="0" y="0" hdg="1.5707963267948966" length="1000"><line/></geometry></planView><elevationProfile/><lateralProfile/>
<lanes><laneSection s="0"><center><lane id="0" type="none" level="false"/></center><right><lane id="-1" type="driving" level="false">
<width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></right></laneSection></lanes></road></OpenDRIVE>'''


def end(projection):
    """Return latitude and longitude of the end of the middle of the right lane, by CARLA and by PROJ."""
    there = carla.Map('road', ROAD.format(projection))
    place = there.get_waypoint_xodr(0, -1, LENGTH - 1).transform.location
    told = there.transform_to_geolocation(place)
    longitude, latitude = pyproj.Transformer.from_crs(projection, 4326, always_xy=True).transform(1.75, LENGTH - 1)
    return (told.latitude, told.longitude), (latitude, longitude)


def apart(one, two):
    return round(pyproj.Geod(ellps='WGS84').inv(one[1], one[0], two[1], two[0])[2])


MERCATOR = '+proj=tmerc +lat_0=48 +lon_0=11 +k=1 +x_0={} +y_0=0 +datum=WGS84 +units=m +no_defs'
told, true = end(MERCATOR.format(0))
shifted = apart(*end(MERCATOR.format(20000)))
print(f'carla {version("carla")}\n'
      f'guess: latitude {true[0]:.4f}, and the false easting is heeded\n'
      f'seen:  latitude {told[0]:.4f}: the road leads to the south, its end is {apart(told, true)} m off, '
      f'with a false easting of 20 km {shifted} m')
held = told[0] < 48 < true[0] and abs(apart(told, true) - 2 * LENGTH) < 10 and shifted > 19000
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
