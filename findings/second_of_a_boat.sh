#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The time of day on a boat's NMEA 2000, which is told in steps of 0.1 ms, and the second of a position in AIS: encoded by canboatjs, and read
# by it and by nmea2000; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check nmea2000==2026.10.3
npm install --silent --no-audit --no-fund --prefix "$work" @canboat/canboatjs@3.20.0
cd "$work"
cat > write.mjs <<'JS'
import canboat from '@canboat/canboatjs'
import fs from 'fs'

const head = { prio: 3, dst: 255, src: 1 }
const messages = [
  { ...head, pgn: 126992, fields: { sid: 1, source: 'GPS', date: '2026.11.30', time: '12:34:56.789' } },
  { ...head, pgn: 129038, fields: {
    messageId: 'Scheduled Class A position report', userId: 211234567, longitude: -5.5, latitude: 50.25, timeStamp: '12', cog: 1.5, sog: 7.2 } }]
const lines = messages.map(message => canboat.pgnToActisenseSerialFormat(message))
const parser = new canboat.FromPgn({ useCamelCompat: false, useCamel: true })
const [clock, ship] = lines.map(line => parser.parseString(line).fields)
fs.writeFileSync('told.json', JSON.stringify({ lines, seen: [clock.time, ship.timeStamp, ship.latitude] }))
JS
node write.mjs
"$work/venv/bin/python" - <<'PYTHON'
import json
import sys
from importlib.metadata import version

from nmea2000.decoder import NMEA2000Decoder

told = json.load(open('told.json'))
decoder = NMEA2000Decoder()
clock, ship = ({field.id: field.value for field in decoder.decode(line).fields} for line in told['lines'])
own = [str(clock['time']), ship['timeStamp'], ship['latitude']]
print(f'nmea2000 {version("nmea2000")}, @canboat/canboatjs 3.20.0 (npm)\n'
      f'guess: the time is 12:34:56.789, and the position is of the second 12, as canboatjs has it: {told["seen"]}\n'
      f'seen:  {own}')
held = told['seen'] == ['12:34:56.78900', '12', 50.25] and own == ['12:34:56', None, 50.25]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
