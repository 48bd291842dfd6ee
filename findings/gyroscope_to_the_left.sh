#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A gyroscope in a GNSS receiver that turns to the other side.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyubx2==1.4.0
"$work/venv/bin/python" - <<'PYTHON'
import struct
import sys
from importlib.metadata import version

from pyubx2 import UBXReader

GYROSCOPE_Z, PER_DEGREE = 5, 2**12  # u-blox: data type 5 is in 2^-12 degrees a second, a signed number of 24 bits


def parsed(identity, payload):
    body = struct.pack('<BBH', *identity, len(payload)) + payload
    first = second = 0
    for byte in body:
        first = (first + byte) & 255
        second = (second + first) & 255
    return UBXReader.parse(b'\xb5\x62' + body + bytes((first, second)))


def measured(rate):
    word = round(rate * PER_DEGREE) & 0xFFFFFF | GYROSCOPE_Z << 24
    told = parsed((0x10, 0x02), struct.pack('<IHHI', 1000, 1 << 11, 0, word))
    assert told.identity == 'ESF-MEAS' and told.dataType_01 == GYROSCOPE_Z
    return told.dataField_01 / PER_DEGREE


# Beside it: an attitude's angle, signed as well, in a message of the same class of receivers (NAV-ATT).
attitude = parsed((0x01, 0x05), struct.pack('<IB3xiiiIII', 1000, 0, -100_000, 0, 0, 0, 0, 0))
rates = [measured(rate) for rate in (1.0, -1.0)]
print(f'pyubx2 {version("pyubx2")}\nguess: -1 degree a second is parsed as a negative number, as a roll of -1 degree is\n'
      f'seen:  roll {attitude.roll}; rates of 1 and -1 come as {rates[0]} and {rates[1]}')
held = attitude.roll == -1 and rates == [1.0, 4095.0]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
