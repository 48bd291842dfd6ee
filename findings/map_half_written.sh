#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A height map in HDF5 of which one tile was written; the format says that what was not written has the dataset's fill value, -1. It is
# written by h5py and read in JavaScript; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 h5py==3.16.0
npm install --silent --no-audit --no-fund --prefix "$work" jsfive@0.4.2
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json

import h5py

with h5py.File('map.h5', 'w') as file:
    half = file.create_dataset('half', (8, 8), 'f4', chunks=(4, 4), fillvalue=-1)
    half[:4, :4] = 2
    file.create_dataset('none', (4,), 'f4', fillvalue=-1)
    whole = file.create_dataset('whole', (8, 8), 'f4', chunks=(4, 4), fillvalue=-1)
    whole[()] = half[()]
with h5py.File('map.h5') as file:
    json.dump({name: file[name][()].ravel().tolist() for name in file}, open('map.json', 'w'))
PYTHON
cat > map.mjs <<'JS'
import * as hdf5 from 'jsfive'
import fs from 'fs'

const bytes = fs.readFileSync('map.h5')
const file = new hdf5.File(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), 'map.h5')
const theirs = JSON.parse(fs.readFileSync('map.json'))
const text = values => `${values.filter(value => value === 2).length} of 2, ${values.filter(value => value === -1).length} of -1, ` +
  `${values.filter(value => value === undefined).length} undefined`
const read = Object.fromEntries(['half', 'none', 'whole'].map(name => [name, text(Array.from(file.get(name).value))]))
const right = Object.fromEntries(['half', 'none', 'whole'].map(name => [name, text(theirs[name])]))
console.log(`jsfive 0.4.2, h5py 3.16.0
guess: ${JSON.stringify(right)}, as h5py reads it
seen:  ${JSON.stringify(read)}`)
if (read.half !== '16 of 2, 0 of -1, 48 undefined' || read.none !== '0 of 2, 0 of -1, 4 undefined' || read.whole !== right.whole
    || right.half !== '16 of 2, 48 of -1, 0 undefined') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node map.mjs
