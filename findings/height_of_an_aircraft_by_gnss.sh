#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A position in ADS-B with a height by GNSS, type 20, whose twelve bits are those of a height by the barometer, type 11.
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


def height(kind):
    told = 0
    for value, bits in (kind, 5), (0, 3), (0b110000111000, 12), (0, 2), (93000, 17), (51372, 17):
        told = told << bits | value
    message = bytes([17 << 3 | 5]) + (0x485020).to_bytes(3, 'big') + told.to_bytes(7, 'big')
    parity = 0
    for byte in message:
        parity ^= byte << 16
        for _ in range(8):
            parity = parity << 1 ^ (0x1FFF409 if parity & 0x800000 else 0)
    message = (message + parity.to_bytes(3, 'big')).hex().upper()
    theirs, own = pyModeS.decode(message), rs1090.decode(message)
    assert theirs['crc_valid'] and theirs['cpr_lat'] == own['lat_cpr'] == 93000
    return theirs['altitude'], own['altitude']


barometer, gnss = height(11), height(20)
print(f'pyModeS {version("pyModeS")}, rs1090 {version("rs1090")}\n'
      f'guess: a height is the same to both, in feet, as by the barometer: {barometer}\n'
      f'seen:  by GNSS {gnss}: metres in the one, and the code of the barometer in the other')
sys.exit(0 if barometer == (38000, 38000) and gnss == (10262, 38000) else 'The behaviour has changed.')
PYTHON
