#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A GNSS height turned into one above the sea without a geoid: unchanged, though the best was asked for.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyproj==3.7.2
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import pyproj
from pyproj import Transformer, network

network.set_network_enabled(False)
heights = {}
for name, options in (('default', {}), ('only_best', {'only_best': True}), ('no ballpark', {'allow_ballpark': False})):
    try:
        transformer = Transformer.from_crs('EPSG:4979', 'EPSG:9518', always_xy=True, **options)
        heights[name] = transformer.transform(8.5, 47.4, 500.)[2], transformer.accuracy
    except pyproj.exceptions.ProjError as error:
        heights[name] = type(error).__name__
versions = f'pyproj {pyproj.__version__}, PROJ {pyproj.proj_version_str}'
guess = 'Zurich, 500 m above the ellipsoid: tens of metres less above the sea, or an error, at least with only_best'
seen = f'height and accuracy: {heights}'
held = heights['default'] == heights['only_best'] == (500, -1)
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
