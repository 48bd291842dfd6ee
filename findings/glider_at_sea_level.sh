#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A flight log in IGC of three valid fixes, 1 m below zero, at it and above it, by the two packages for it; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check aerofiles==1.5.6 python-dateutil==2.9.0.post0
npm install --silent --no-audit --no-fund --prefix "$work" igc-parser@2.0.0
cd "$work"
printf '%s\r\n' AXXXABC HFDTE301126 B1200004807038N01131000EA-0001-0001 B1200014807038N01131000EA0000000000 \
  B1200024807038N01131000EA0000100001 > flight.igc
cat > read.mjs <<'JS'
import igc from 'igc-parser'
import fs from 'fs'

const { fixes } = igc.parse(fs.readFileSync('flight.igc', 'utf8'))
fs.writeFileSync('told.json', JSON.stringify(fixes.map(fix => [fix.valid, fix.pressureAltitude, fix.gpsAltitude])))
JS
node read.mjs
"$work/venv/bin/python" - <<'PYTHON'
import json
import sys
from importlib.metadata import version

from aerofiles.igc import Reader

with open('flight.igc') as file:
    errors, fixes = Reader().read(file)['fix_records']
own = json.load(open('told.json'))
theirs = [[fix['validity'] == 'A', fix['pressure_alt'], fix['gps_alt']] for fix in fixes]
print(f'igc-parser 2.0.0 (npm), aerofiles {version("aerofiles")}\n'
      f'guess: heights of -1, 0 and 1 m by pressure and by GNSS, as by aerofiles: {theirs}\n'
      f'seen:  {own}')
held = (not errors and theirs == [[True, -1, -1], [True, 0, 0], [True, 1, 1]] and own == [[True, -1, -1], [True, None, None], [True, 1, 1]])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
