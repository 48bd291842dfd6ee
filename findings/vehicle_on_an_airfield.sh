#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Surveillance messages in ASTERIX: a vehicle on an airfield, category 10, an aircraft that tells its position, 62, and one that turns to the
# left, 21. Read by the two packages for it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check asterix4py==1.0.6 asterix-decoder==0.7.11
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import struct
import sys
from importlib.metadata import version

import asterix
import asterix4py


def message(category, fields, body):
    body = fields + bytes([25, 10]) + body
    return struct.pack('>BH', category, len(body) + 3) + body


def read(item, *arguments):
    told = message(*arguments)
    theirs, own = asterix.parse(told)[0]['I' + item], asterix4py.AsterixParser(told).get_result()[1][item]
    theirs = theirs.get('POS', theirs)
    return [[round(values['val'], 2) for name, values in theirs.items() if name != 'spare'],
            [round(value, 2) for name, value in own.items() if name != 'spare']]


latitude, longitude = 48.125, 11.5
vehicle = read('041', 10, bytes([0b10001000]), struct.pack('>ii', int(latitude / 180 * 2**31), int(longitude / 180 * 2**31)))
position = struct.pack('>ii', int(latitude / 180 * 2**23) << 8, int(longitude / 180 * 2**23) << 8)
aircraft = read('380', 62, bytes([0b10000001, 0b00010000]), bytes([1, 1, 1, 0x80]) + position[:3] + position[4:7])
turn = read('165', 21, bytes([0b10000001, 1, 1, 0b00000100]), struct.pack('>H', -64 & 0x3ff))
print(f'asterix4py {version("asterix4py")}, asterix-decoder {version("asterix-decoder")}\n'
      f'guess: both are at {latitude} {longitude}, and the turn is -2 degrees a second, as asterix-decoder has them: '
      f'{vehicle[0]}, {aircraft[0]}, {turn[0]}\n'
      f'seen:  {vehicle[1]}, {aircraft[1]}, {turn[1]} by asterix4py')
held = (abs(vehicle[0][0] - latitude) < .01 and abs(aircraft[0][0] - latitude) < .01 and turn[0] == [-2]
        and (vehicle[1], aircraft[1], turn[1]) == ([3080, 736], [12.03, 2.87], [30]))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
