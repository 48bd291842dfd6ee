#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The aspect, "the downward slope direction", clockwise from north, of one slope whose rows are given from north to south and from south
# to north; the coordinates say which.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 xarray==2026.9.0 xarray-spatial==0.5.3
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import xarray
import xrspatial

x, y = np.arange(8) * 10., np.arange(6) * 10.
south = xarray.DataArray(.1 * x + .2 * y[:, None], coords={'y': y, 'x': x}, dims=['y', 'x'], attrs={'res': (10., 10.)})
north = south[::-1]
place = {'x': 30., 'y': 20.}
hand = {'slope': round(float(np.degrees(np.arctan(np.hypot(.1, .2)))), 1),
        'aspect': round(float(np.degrees(np.arctan2(-.1, -.2)) % 360), 1)}
seen = {}
for name, terrain in ('from north', north), ('from south', south):
    assert float(terrain.sel(place)) == 7
    seen[name] = {kind: round(float(getattr(xrspatial, kind)(terrain).sel(place)), 1) for kind in ('slope', 'aspect', 'hillshade')}
step = xarray.DataArray([[1., 0, 0, 0]], coords={'y': [0.], 'x': [0., 10, 20, 30]}, dims=['y', 'x'])
away = float(xrspatial.proximity(step)[0, 3])
print(f'xarray-spatial {version("xarray-spatial")}, xarray {xarray.__version__}\n'
      f'guess: one slope has one aspect and one shade, by hand {hand}; distances heed the coordinates: {away} for 30\n'
      f'seen:  rows {seen}')
held = (all(values['slope'] == hand['slope'] for values in seen.values()) and seen['from north']['aspect'] == hand['aspect'] == 206.6
        and seen['from south']['aspect'] == 333.4 and seen['from north']['hillshade'] != seen['from south']['hillshade'] and away == 30)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
