#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Signals of a DBC database decoded in JavaScript: two in the byte order of Motorola, one that is a float, two of which a third one says
# which is in the frame; it needs Node.js. By cantools as well.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check cantools==45.1.0
npm install --silent --no-audit --no-fund --prefix "$work" candied@2.2.0
cd "$work"
cat > car.dbc <<'DBC'
VERSION ""
BU_: A
BO_ 100 wheel: 8 A
 SG_ intel : 0|16@1- (1,0) [0|0] "" A
 SG_ motorola : 23|16@0- (1,0) [0|0] "" A
 SG_ twelve : 39|12@0+ (1,0) [0|0] "" A
BO_ 101 speed: 8 A
 SG_ float : 0|32@1- (1,0) [0|0] "m/s" A
BO_ 102 page: 8 A
 SG_ which M : 0|8@1+ (1,0) [0|0] "" A
 SG_ first m0 : 8|16@1- (1,0) [0|0] "" A
 SG_ second m1 : 8|16@1- (1,0) [0|0] "" A
SIG_VALTYPE_ 101 float : 1;
DBC
cat > car.mjs <<'JS'
import { Can, Dbc } from 'candied'
import fs from 'fs'
const can = new Can()
can.database = new Dbc().load(fs.readFileSync('car.dbc', 'utf8'))
const FRAMES = { 100: [0xFE, 0xFF, 0xFF, 0xFE, 0x12, 0x30, 0, 0], 101: [0, 0, 0xA0, 0x3F, 0, 0, 0, 0], 102: [1, 0xFE, 0xFF, 0, 0, 0, 0, 0] }
console.log(JSON.stringify(Object.entries(FRAMES).map(([id, bytes]) =>
  [bytes, Object.fromEntries([...can.decode(can.createFrame(+id, bytes)).boundSignals].map(([name, { value }]) => [name, value]))])))
JS
node car.mjs > car.json
"$work/venv/bin/python" - <<'PYTHON'
import json
import sys
from importlib.metadata import version

import cantools

database = cantools.database.load_file('car.dbc')
frames = json.load(open('car.json'))
theirs = [database.decode_message(100 + index, bytes(data)) for index, (data, _) in enumerate(frames)]
own = [values for _, values in frames]
print(f'candied 2.2.0 (npm), cantools {version("cantools")}\n'
      f'guess: {theirs}, as cantools decodes it\n'
      f'seen:  {own}')
held = (theirs == [{'intel': -2, 'motorola': -2, 'twelve': 0x123}, {'float': 1.25}, {'which': 1, 'second': -2}]
        and own[0]['intel'] == -2 and own[0]['motorola'] != -2 and own[0]['twelve'] != 0x123 and own[1] == {'float': 0x3FA00000}
        and own[2] == {'which': 1, 'first': -2, 'second': -2})
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
