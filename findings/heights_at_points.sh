#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An elevation model whose samples are said to be points, not areas: where its pixels lie to GDAL and to geotiff.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check rasterio==1.4.4 numpy==2.4.6
npm install --silent --no-audit --no-fund --prefix "$work" geotiff@3.0.5
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import rasterio
from rasterio.transform import from_origin

LEFT, TOP, CELL = 691000, 5334000, 30
heights = np.arange(16, dtype='f4').reshape(4, 4) * 10
for kind in 'Area', 'Point':
    with rasterio.open(f'{kind}.tif', 'w', driver='GTiff', width=4, height=4, count=1, dtype='float32', crs='EPSG:32632',
                       transform=from_origin(LEFT, TOP, CELL, CELL)) as file:
        file.write(heights, 1)
        file.update_tags(AREA_OR_POINT=kind)
with open('box.mjs', 'w') as file:
    file.write('''import { fromFile } from 'geotiff'
const box = async name => (await (await fromFile(name)).getImage()).getBoundingBox()
console.log(JSON.stringify({ Area: await box('Area.tif'), Point: await box('Point.tif') }))''')
boxes = json.loads(subprocess.run(['node', 'box.mjs'], check=True, capture_output=True).stdout)
gdal = {}
for kind in boxes:
    with rasterio.open(f'{kind}.tif') as file:
        gdal[kind] = list(file.bounds)
aside = {kind: np.subtract(boxes[kind], gdal[kind]).tolist() for kind in boxes}
print(f'geotiff.js 3.0.5, rasterio {version("rasterio")}\n'
      f'guess: the box of the 4 x 4 pixels of {CELL} m is the same to both, whether samples are areas or points\n'
      f'seen:  as areas geotiff.js is {aside["Area"]} m aside, as points {aside["Point"]} m: half a cell to the east and to the south')
held = gdal['Area'] == gdal['Point'] and aside == {'Area': [0] * 4, 'Point': [15, -15, 15, -15]}
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
