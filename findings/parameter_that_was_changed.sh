#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A flight log of PX4, in ULog, with a parameter that the pilot has set to -3 and whose default, told after it, is 7; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pyulog==1.3.0
npm install --silent --no-audit --no-fund --prefix "$work" @foxglove/ulog@2.3.2
cd "$work"
cat > write.py <<'PYTHON'
import json
import struct
from pathlib import Path

import pyulog


def message(kind, body):
    return struct.pack('<Hc', len(body), kind) + body


def parameter(name, value):
    return bytes([len(name)]) + name + struct.pack('<i', value)


Path('flight.ulg').write_bytes(
    b'ULog\x01\x12\x35\x01' + struct.pack('<Q', 0) + message(b'B', bytes(40)) + message(b'F', b'state:uint64_t timestamp;float height;')
    + message(b'P', parameter(b'int32_t MODE', -3)) + message(b'P', parameter(b'int32_t SPEED', 5))
    + message(b'Q', b'\x01' + parameter(b'int32_t MODE', 7))
    + message(b'A', struct.pack('<BH', 0, 0) + b'state') + message(b'D', struct.pack('<HQf', 0, 1000, 1.5)))
log = pyulog.ULog('flight.ulg')
Path('told.json').write_text(json.dumps([log.initial_parameters, log.get_default_parameters(0)]))
PYTHON
"$work/venv/bin/python" write.py
cat > read.mjs <<'JS'
import ulog from '@foxglove/ulog'
import fs from 'fs'

const bytes = fs.readFileSync('flight.ulg')
const source = { open: async () => {}, close: async () => {}, size: () => bytes.length,
  read: async (offset, length) => new Uint8Array(bytes.subarray(Number(offset), Number(offset) + length)) }
const log = new ulog.ULog(source)
await log.open()
const own = Object.fromEntries([...log.header.parameters].map(([name, { value }]) => [name, value]))
const [values, defaults] = JSON.parse(fs.readFileSync('told.json'))
console.log(`@foxglove/ulog 2.3.2 (npm), pyulog 1.3.0
guess: the vehicle flew with ${JSON.stringify(values)}, the default was ${JSON.stringify(defaults)}, as pyulog has it
seen:  ${JSON.stringify(own)}`)
if (JSON.stringify(values) !== '{"MODE":-3,"SPEED":5}' || defaults.MODE !== 7 || JSON.stringify(own) !== '{"MODE":7,"SPEED":5}') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node read.mjs
