#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sixteen channels of a remote control in a frame of CRSF, written in Python and read in JavaScript; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check crsf-parser==0.3.2
npm install --silent --no-audit --no-fund --prefix "$work" crsf@0.0.3
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json

from crsf_parser import CRSFParser, PacketValidationStatus
from crsf_parser.handling import crsf_build_frame
from crsf_parser.payloads import PacketsTypes

# 992 is 1500 microseconds, the middle; 1792 is 2000: the first channel at its end, the others in the middle.
frame = crsf_build_frame(PacketsTypes.RC_CHANNELS_PACKED, {'channels': [1792] + [992] * 15})
ticks = int.from_bytes(frame[3:25], 'little')  # the first channel is in the lowest 11 bits
told = []
CRSFParser(lambda content, status: told.append((status == PacketValidationStatus.VALID, list(content.payload.channels)))).parse_stream(bytearray(frame))
json.dump({'frame': list(frame), 'bits': [ticks >> 11 * i & 0x7ff for i in range(16)], 'told': told}, open('frame.json', 'w'))
PYTHON
cat > channels.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { CrossfireParser, getFrameVariant } from 'crsf'

const { frame, bits, told } = JSON.parse(readFileSync('frame.json', 'utf8'))
let seen
new CrossfireParser(read => { seen = getFrameVariant(read) }).appendChunk(new Uint8Array(frame))
const channels = Array.from({ length: 16 }, (_, i) => seen[`channel${i + 1}`])
console.log(`crsf-parser 0.3.2, crsf 0.0.3 (npm)
guess: the first of the sixteen channels, at its end, is channel 1: 2000 microseconds, and the others 1500
seen:  ${channels} microseconds in JavaScript, ${bits} in the bits of the frame: the last one is first; read in Python it is ${told[0][1]}`)
const held = channels[15] === 2000 && channels[0] === 1500 && bits[15] === 1792 && told.length === 1 && told[0][0] && told[0][1][0] === 1792
if (!held) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node channels.mjs
