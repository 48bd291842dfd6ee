#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A speed of 12.3 m/s into a CAN frame and out of it, by one package.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check canmatrix==1.3.3 cantools==45.1.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import cantools
from canmatrix import ArbitrationId
from canmatrix.formats import loads_flat

DBC = '''VERSION ""
BU_: A
BO_ 100 motion: 8 A
 SG_ speed : 0|16@1+ (0.1,0) [0|0] "m/s" Vector__XXX
 SG_ slip : 32|32@1- (1,0) [0|0] "" Vector__XXX
SIG_VALTYPE_ 100 slip : 1;
'''
VALUES = {'speed': 12.3, 'slip': 1.25}
frame = loads_flat(DBC, 'dbc').frame_by_id(ArbitrationId(100))
theirs = cantools.database.load_string(DBC, 'dbc')


def read(data):
    return {name: float(signal.phys_value) for name, signal in frame.decode(data).items()}


own, other = read(frame.encode(VALUES)), read(theirs.encode_message('motion', VALUES))
print(f'canmatrix {version("canmatrix")}, cantools {version("cantools")}\n'
      f'guess: decode gives what encode was given: {VALUES}\n'
      f'seen:  decode of what canmatrix encoded {own}, of what cantools encoded {other}')
sys.exit(0 if own == {'speed': 1.2, 'slip': 1.25} and other == VALUES else 'The behaviour has changed.')
PYTHON
