#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A cloud with a hole in it, written as LAS.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check laspy==2.7.0 numpy==2.4.6
"$work/venv/bin/python" -W ignore - "$work" <<'PYTHON'
import sys
from importlib.metadata import version

import laspy
import numpy as np

FILE = f'{sys.argv[1]}/cloud.las'


def written(value):
    header = laspy.LasHeader(point_format=3, version='1.4')
    header.scales = [0.001] * 3
    cloud = laspy.LasData(header)
    try:
        cloud.x, cloud.y, cloud.z = np.array([1.0, value, 3.0]), np.zeros(3), np.zeros(3)
        cloud.write(FILE)
    except OverflowError:
        return 'refused'
    back = laspy.read(FILE)
    return f'{back.x[1]:.3f} m, and the header begins at {back.header.mins[0]:.3f} m'


found = {value: written(value) for value in (1e9, np.inf, np.nan)}
print(f'laspy {version("laspy")}\nguess: what does not fit the file is refused, a NaN as well\n'
      f'seen:  {"; ".join(f"{value}: {told}" for value, told in found.items())}')
held = list(found.values()) == ['refused', 'refused', '-2147483.648 m, and the header begins at -2147483.648 m']
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
