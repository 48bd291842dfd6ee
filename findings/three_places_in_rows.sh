#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Places in rows, from latitude, longitude and height to ECEF: right of two and of four, wrong of three.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 matplotlib==3.10.8 plotly==5.24.1 georinex==1.16.2 pynmea2==1.19.0 unlzw3==0.2.3 requests==2.32.5
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --ignore-requires-python gnss-lib-py==0.2.2  # else Jupyter
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import numpy as np

warnings.simplefilter('ignore')
from gnss_lib_py.utils.coordinates import ecef_to_geodetic, geodetic_to_ecef  # noqa: E402


def off(count, rows):
    """Return by how many metres ECEF of that many places is off from that of each place alone, and back in height."""
    places = np.array([[45.0 + i, 10.0 + i, 100.0] for i in range(count)])
    alone = np.array([np.ravel(geodetic_to_ecef(place.reshape(1, 3))) for place in places])
    ecef = geodetic_to_ecef(places) if rows else geodetic_to_ecef(places.T).T
    back = ecef_to_geodetic(alone) if rows else ecef_to_geodetic(alone.T).T
    return round(float(np.abs(ecef - alone).max())), round(float(np.abs(back - places)[:, 2].max()))


seen = {name: [off(count, rows) for count in (1, 2, 3, 4, 50)] for name, rows in (('rows', True), ('columns', False))}
print(f'gnss-lib-py {version("gnss-lib-py")}\n'
      'guess: as one place in a row and many in rows are taken, three are, too\n'
      f'seen:  metres off, to ECEF and back, of 1, 2, 3, 4 and 50 places in {seen}')
*rest, = seen['rows'][:2] + seen['rows'][3:] + seen['columns']
held = all(pair == (0, 0) for pair in rest) and seen['rows'][2][0] > 1e6
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
