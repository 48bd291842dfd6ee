#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From ECEF to east, north and up at 48 degrees north and 11 degrees east.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ahrs==0.4.0 pymap3d==3.2.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import pymap3d
from ahrs.common import frames

LATITUDE, LONGITUDE, HEIGHT = 48.0, 11.0, 500.0
origin = np.array(pymap3d.geodetic2ecef(LATITUDE, LONGITUDE, HEIGHT))
place = np.array(pymap3d.enu2ecef(100, 200, 30, LATITUDE, LONGITUDE, HEIGHT))
angles = np.radians([LATITUDE, LONGITUDE])
seen = {
    'ecef2enu': frames.ecef2enu(*place, LATITUDE, LONGITUDE, HEIGHT),
    'ecef2llf, in degrees': frames.ecef2llf(LATITUDE, LONGITUDE) @ (place - origin),
    'ecef2llf, in radians': frames.ecef2llf(*angles) @ (place - origin),
    'ecef2llf, in radians and exchanged': frames.ecef2llf(*angles[::-1]) @ (place - origin),
    'llf2ecef and back by ecef2llf': frames.ecef2llf(*angles) @ frames.llf2ecef(*angles) @ [100, 200, 30],
}
seen = {name: np.ravel(vector).round(1).tolist() for name, vector in seen.items()}
print(f'ahrs {version("ahrs")}\n'
      'guess: ecef2llf(latitude, longitude), as ecef2enu, has the place 100 m east, 200 m north and 30 m up\n'
      f'seen:  {seen}')
right = [100, 200, 30]
held = (seen['ecef2enu'] == seen['ecef2llf, in radians and exchanged'] == seen['llf2ecef and back by ecef2llf'] == right
        and all(np.linalg.norm(np.subtract(seen[f'ecef2llf, in {unit}'], right)) > 50 for unit in ('degrees', 'radians')))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
