#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A table in Arrow's file format, written by PyArrow, with stamps in nanoseconds, a decimal and lists of half floats, read in JavaScript;
# it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 numpy==2.4.6
npm install --silent --no-audit --no-fund --prefix "$work" apache-arrow@21.2.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
from decimal import Decimal

import numpy as np
import pyarrow

table = pyarrow.table({'stamp': pyarrow.array([1700000000123456700, 1700000000123456800], pyarrow.timestamp('ns')),
                       'pause': pyarrow.array([100, 100], pyarrow.duration('ns')),
                       'height': pyarrow.array([Decimal('-12.345')] * 2, pyarrow.decimal128(10, 3)),
                       'ranges': pyarrow.array([np.array([1.5, 2], 'f2')] * 2, pyarrow.list_(pyarrow.float16()))})
with pyarrow.OSFile('table.arrow', 'wb') as file, pyarrow.ipc.new_file(file, table.schema) as writer:
    writer.write_table(table)
PYTHON
cat > table.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { tableFromIPC } from 'apache-arrow'

const table = tableFromIPC(readFileSync('table.arrow'))
const [first, second] = [0, 1].map(row => table.getChild('stamp').get(row))
const pause = table.getChild('pause').get(0)
const height = String(table.getChild('height').get(0))
const ranges = table.getChild('ranges').get(0)
const [one, all] = [ranges.get(0), [...ranges.toArray()]]
console.log(`apache-arrow 21.2.0 (npm), pyarrow 26.0.1
guess: the stamps are 100 ns apart, as they are told to be, the height is -12.345, the ranges are 1.5 and 2
seen:  ${first} and ${second}, milliseconds that a float of 64 bits holds to a quarter of a microsecond, though the pause is ${pause}, in
       nanoseconds; a height of ${height}; ranges of ${all}, the first of which is ${one} by itself`)
if (first !== second || pause !== 100n || height !== '-12345' || one !== 1.5 || all.join() !== '15872,16384') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node table.mjs
