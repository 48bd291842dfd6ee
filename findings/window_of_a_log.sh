#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A log in MCAP with a message each second, of which the ten seconds from 10 to 20 are read in Python and in TypeScript; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mcap==1.6.0
npm install --silent --no-audit --no-fund --prefix "$work" @mcap/core@2.2.2
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json
import warnings

from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer

with open('log.mcap', 'wb') as file:
    writer = Writer(file, compression=CompressionType.NONE)
    writer.start()
    channel = writer.register_channel('/pose', 'json', writer.register_schema('pose', 'jsonschema', b'{}'))
    for second in range(30):
        writer.add_message(channel, second * 10**9, b'{}', second * 10**9, second)
    writer.finish()
warnings.simplefilter('ignore')
with open('log.mcap', 'rb') as file:
    seen = [message.sequence for _, _, message in make_reader(file).iter_messages(start_time=10 * 10**9, end_time=20 * 10**9)]
json.dump(seen, open('python.json', 'w'))
PYTHON
cat > window.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { McapIndexedReader } from '@mcap/core'

const file = readFileSync('log.mcap')
const readable = { size: async () => BigInt(file.length), read: async (at, n) => new Uint8Array(file.subarray(Number(at), Number(at + n))) }
const reader = await McapIndexedReader.Initialize({ readable })
const seen = []
for await (const message of reader.readMessages({ startTime: 10n * 10n ** 9n, endTime: 20n * 10n ** 9n })) seen.push(message.sequence)
const python = JSON.parse(readFileSync('python.json', 'utf8'))
console.log(`mcap 1.6.0, @mcap/core 2.2.2 (npm)
guess: a window has one meaning: the ten messages 10 to 19 by both, so that windows one after another have each message once
seen:  ${python.length} messages to ${python.at(-1)} by end_time in Python, ${seen.length} to ${seen.at(-1)} by endTime in TypeScript`)
if (python.length !== 10 || python.at(-1) !== 19 || seen.length !== 11 || seen.at(-1) !== 20) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node window.mjs
