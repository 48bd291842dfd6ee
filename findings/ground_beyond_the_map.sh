#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How high the ground is where the elevation map has ended.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check rasterio==1.4.4 numpy==2.4.6
"$work/venv/bin/python" - "$work/ground.tif" <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import rasterio
from rasterio.transform import from_origin

FILE = sys.argv[1]
with rasterio.open(FILE, 'w', driver='GTiff', width=10, height=10, count=1, dtype='float32',
                   transform=from_origin(100, 200, 1, 1)) as written:
    written.write(np.full((10, 10), 432.0, np.float32), 1)
with rasterio.open(FILE) as ground:
    inside, beside, far = (float(value[0]) for value in ground.sample([(105, 195), (99, 195), (9000, 9000)]))
print(f'rasterio {version("rasterio")}\nguess: outside a map 432 m above the sea, which has no nodata value, it is NaN or '
      f'an error\nseen:  {inside:.0f} m in it, {beside:.0f} m one metre beside it, {far:.0f} m far away')
sys.exit(0 if (inside, beside, far) == (432.0, 0.0, 0.0) else 'The behaviour has changed.')
PYTHON
