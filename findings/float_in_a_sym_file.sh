#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A CAN database with a float, from DBC to two other formats.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'canmatrix[kcd]==1.3.3' cantools==45.1.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import cantools
from canmatrix import ArbitrationId
from canmatrix.formats import dumpp, loadp_flat, loads_flat

DBC = '''VERSION ""
BU_: A
BO_ 100 motion: 8 A
 SG_ speed : 0|16@1+ (0.1,0) [0|0] "m/s" Vector__XXX
 SG_ slip : 32|32@1- (1,0) [0|0] "" Vector__XXX
SIG_VALTYPE_ 100 slip : 1;
'''
VALUES = {'speed': 12.3, 'slip': 1.25}
data = cantools.database.load_string(DBC, 'dbc').encode_message('motion', VALUES)
seen = {}
for suffix in 'kcd', 'sym':
    dumpp({'': loads_flat(DBC, 'dbc')}, f'robot.{suffix}')
    frame = loadp_flat(f'robot.{suffix}').frame_by_id(ArbitrationId(100))
    seen[suffix] = {name: float(signal.phys_value) for name, signal in frame.decode(data).items()}
with open('robot.sym') as file:
    line = next(line.strip() for line in file if 'slip' in line)
print(f'canmatrix {version("canmatrix")}\n'
      f'guess: the frame says {VALUES} in each format, all of which have floats\n'
      f'seen:  {seen}; the line of the .sym file: {line}')
sys.exit(0 if seen['kcd'] == VALUES and seen['sym'] == {'speed': 12.3, 'slip': 1067450368} else 'The behaviour has changed.')
PYTHON
