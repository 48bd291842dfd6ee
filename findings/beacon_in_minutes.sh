#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A DGNSS beacon, an AIS message of type 17, whose place is in tenths of minutes; and one of type 27, for comparison.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyais==3.3.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import pyais

LATITUDE, LONGITUDE = 51.5, -3.25


def sentence(*fields):
    """Return the sentence of fields, each a number and its bits."""
    bits = ''.join(f'{value % (1 << size):0{size}b}' for value, size in fields)
    fill = -len(bits) % 6
    bits += '0' * fill
    codes = [int(bits[i:i + 6], 2) for i in range(0, len(bits), 6)]
    body = f'AIVDM,1,1,,A,{"".join(chr(code + (48 if code < 40 else 56)) for code in codes)},{fill}'
    check = 0
    for char in body:
        check ^= ord(char)
    return f'!{body}*{check:02X}'


place = (round(LONGITUDE * 600), 18), (round(LATITUDE * 600), 17)  # of both types: tenths of minutes, and signed
beacon = sentence((17, 6), (0, 2), (2320001, 30), (0, 2), *place, (0, 5), (0, 40))
ship = sentence((27, 6), (0, 2), (232000001, 30), (0, 1), (0, 1), (0, 4), *place, (0, 6), (0, 9), (0, 1), (0, 1))
seen = {message.msg_type: (message.lat, message.lon) for message in (pyais.decode(beacon), pyais.decode(ship))}
print(f'pyais {version("pyais")}\n'
      f'guess: {LATITUDE} and {LONGITUDE} degrees, of both types\n'
      f'seen:  latitude and longitude by type: {seen}; of type 17 it is minutes, and without a sign')
sys.exit(0 if seen == {17: (3090.0, 26019.4), 27: (LATITUDE, LONGITUDE)} else 'The behaviour has changed.')
PYTHON
