#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Velocities in ADS-B of an aircraft faster than sound, subtype 2, whose unit is four knots, and of one that does not know its own, whose
# numbers are 0: read by rs1090 and by pyModeS.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check rs1090==0.7.0 pyModeS==3.6.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import pyModeS
import rs1090


def velocity(subtype, east, north, source):
    fields = [(19, 5), (subtype, 3), (0, 5), (0, 1), (east, 10), (0, 1), (north, 10), (source, 1), (0, 1), (11, 9), (0, 10)]
    told = 0
    for value, bits in fields:
        told = told << bits | value
    message = bytes([17 << 3 | 5]) + (0x485020).to_bytes(3, 'big') + told.to_bytes(7, 'big')
    parity = 0
    for byte in message:
        parity ^= byte << 16
        for _ in range(8):
            parity = parity << 1 ^ (0x1FFF409 if parity & 0x800000 else 0)
    message = (message + parity.to_bytes(3, 'big')).hex().upper()
    theirs, own = pyModeS.decode(message), rs1090.decode(message)
    assert theirs['crc_valid']
    return ([theirs['groundspeed'], theirs['track'] and round(theirs['track']), theirs['vr_source']],
            [int(own['groundspeed']), round(own['track']), own['vrate_src']])


slow, fast, unknown = velocity(1, 101, 201, 0), velocity(2, 101, 201, 0), velocity(1, 0, 0, 1)
print(f'rs1090 {version("rs1090")}, pyModeS {version("pyModeS")}\n'
      f'guess: 100 and 200 units to the east and the north are 223 knots, 894 in subtype 2, numbers of 0 none; a rate of climb whose source\n'
      f'       is 0 is of GNSS, of 1 of the barometer, as pyModeS has it: {slow[0]}, {fast[0]}, {unknown[0]}\n'
      f'seen:  {slow[1]}, {fast[1]}, {unknown[1]} by rs1090')
held = ((slow[0], fast[0], unknown[0]) == ([223, 27, 'GNSS'], [894, 27, 'GNSS'], [None, None, 'BARO'])
        and (slow[1], fast[1], unknown[1]) == ([223, 27, 'barometric'], [223, 27, 'barometric'], [1, 225, 'GNSS']))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
