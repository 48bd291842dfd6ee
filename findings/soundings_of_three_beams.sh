#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Depths of three beams in 16 bits, and qualities in 8 bits, in NetCDF as SciPy writes it, read by netcdfjs; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1
npm install --silent --no-audit --no-fund --prefix "$work" netcdfjs@4.0.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
from scipy.io import netcdf_file

with netcdf_file('beams.nc', 'w') as file:
    file.createDimension('ping', None)
    file.createDimension('beam', 3)
    file.createVariable('angle', 'i2', ('beam',))[:] = [-60, 0, 60]
    depth, quality = file.createVariable('depth', 'i2', ('ping', 'beam')), file.createVariable('quality', 'i1', ('ping', 'beam'))
    depth[:] = np.array([[101, 102, 103], [201, 202, 203]])
    quality[:] = np.array([[1, -1, 2], [3, -3, 4]])
with netcdf_file('beams.nc', mmap=False) as file:
    print('SciPy reads', *(file.variables[name][:].tolist() for name in ('angle', 'depth', 'quality')))
PYTHON
cat > beams.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { NetCDFReader } from 'netcdfjs'

const reader = new NetCDFReader(readFileSync('beams.nc'))
const seen = JSON.stringify(['angle', 'depth', 'quality'].map(name => reader.getDataVariable(name)))
console.log(`netcdfjs 4.0.0 (npm)
guess: [[-60,0,60],[[101,102,103],[201,202,203]],[[1,-1,2],[3,-3,4]]], as SciPy reads them
seen:  ${seen}: the bytes that fill up four are taken as numbers, and a byte has no sign`)
if (seen !== '[[-60,0,60,-32767],[[101,102,103,-32767],[201,202,203,-32767]],[[1,255,2,129],[3,253,4,129]]]') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node beams.mjs
