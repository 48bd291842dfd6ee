#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A track of 200 places in the order of their stamps, through the formats that GIS programs read.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  geopandas==1.2.0 pyogrio==0.13.0 pandas==3.1.1 shapely==2.2.0 pyproj==3.7.2 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import geopandas
import numpy as np
import shapely

angle = np.arange(200) / 20
places = shapely.points(691650 + 50 * angle * np.cos(angle), 5334754 + 50 * angle * np.sin(angle))
track = geopandas.GeoDataFrame({'stamp': np.arange(200)}, geometry=places, crs=25832)
length = shapely.LineString(places).length


def back(ending):
    """Return how many of the places are where they were, and by how much longer the way through them is."""
    track.to_file(f'track.{ending}')
    again = geopandas.read_file(f'track.{ending}')
    assert sorted(again.stamp) == track.stamp.tolist()
    return int((again.stamp == track.stamp).sum()), round(shapely.LineString(again.geometry.values).length / length, 1)


seen = {ending: back(ending) for ending in ('geojson', 'gpkg', 'gml', 'fgb')}
print(f'geopandas {version("geopandas")}, pyogrio {version("pyogrio")}\n'
      'guess: the order is kept: 200 places where they were, and the way through them 1.0 times as long\n'
      f'seen:  {seen}: FlatGeobuf sorts them by where they lie')
ordered = [seen[ending] for ending in ('geojson', 'gpkg', 'gml')]
sys.exit(0 if ordered == [(200, 1.0)] * 3 and seen['fgb'][0] < 20 and seen['fgb'][1] > 1.5 else 'The behaviour has changed.')
PYTHON
