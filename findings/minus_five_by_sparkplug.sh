#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Metrics in Sparkplug B, MQTT's format for sensors, written by one package and read by another: small negative numbers, and a large one
# without a sign; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pysparkplug==0.6.1
npm install --silent --no-audit --no-fund --prefix "$work" sparkplug-payload@1.0.3
cd "$work"
cat > write.py <<'PYTHON'
from pysparkplug import DataType, Metric, NBirth

values = [('INT8', -5), ('INT16', -5), ('INT32', -5), ('INT64', -5), ('UINT32', 4000000000)]
metrics = tuple(Metric(timestamp=1, name=kind.lower(), datatype=DataType[kind], value=value) for kind, value in values)
open('python.bin', 'wb').write(NBirth(timestamp=1, seq=0, metrics=metrics).encode())
assert [metric.value for metric in NBirth.decode(open('python.bin', 'rb').read()).metrics] == [value for _, value in values]
PYTHON
"$work/venv/bin/python" write.py
cat > read.mjs <<'JS'
import sparkplug from 'sparkplug-payload'
import fs from 'fs'

const { encodePayload, decodePayload } = sparkplug.get('spBv1.0')
const values = payload => Object.fromEntries(decodePayload(payload).metrics.map(({ name, value }) => [name, value === null ? null : Number(value)]))
const metric = (type, value) => ({ name: type.toLowerCase(), type, value, timestamp: 1 })
const theirs = values(fs.readFileSync('python.bin'))
const own = encodePayload({ timestamp: 1, seq: 0, metrics: [metric('Int32', -5), metric('UInt32', 4e9)] })
const small = encodePayload({ timestamp: 1, seq: 0, metrics: [metric('Int8', -5)] })
fs.writeFileSync('small.bin', small)
fs.writeFileSync('read.json', JSON.stringify([theirs, values(own), values(small)]))
JS
node read.mjs
"$work/venv/bin/python" - <<'PYTHON'
import json
import sys

from pysparkplug import NBirth

theirs, own, small = json.load(open('read.json'))
try:
    back = NBirth.decode(open('small.bin', 'rb').read()).metrics[0].value
except OverflowError as error:
    back = str(error)
print(f'pysparkplug 0.6.1, sparkplug-payload 1.0.3 (npm)\n'
      f'guess: -5 and 4000000000 come over, as each reads what it has written: {own}, {small}\n'
      f'seen:  {theirs}; the other way -5 of 8 bits is refused, "{back}"')
held = (theirs == {'int8': 251, 'int16': 65531, 'int32': -5, 'int64': -5, 'uint32': None} and own == {'int32': -5, 'uint32': 4e9}
        and small == {'int8': -5} and 'overflow' in str(back))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
