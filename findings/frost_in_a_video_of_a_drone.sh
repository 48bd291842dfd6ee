#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Metadata of a video of a drone, MISB ST 0601: the temperature of the outside air, tag 39, is one byte with a sign, in degrees Celsius.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check klvdata==0.0.3
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from klvdata import StreamParser

KEY = bytes.fromhex('060E2B34020B01010E01030101000000')


def read(temperature):
    fields = [(2, (1796040000000000).to_bytes(8, 'big')), (6, (-8192).to_bytes(2, 'big', signed=True)),
              (39, temperature.to_bytes(1, 'big', signed=True)), (65, b'\x0d')]
    body = b''.join(bytes([tag, len(value)]) + value for tag, value in fields) + bytes([1, 2])
    packet = KEY + bytes([len(body) + 2]) + body
    total = sum(value << (8, 0)[place % 2] for place, value in enumerate(packet)) % 65536
    told = next(StreamParser(packet + total.to_bytes(2, 'big'))).MetadataList()
    return {name: float(value) for name, _, _, value in told.values() if name in ('Outside Air Temperature', 'Platform Pitch Angle')}


cold, warm = read(-10), read(30)
print(f'klvdata {version("klvdata")}\n'
      f'guess: 30 and -10 degrees are that, as the pitch of the drone, -5 degrees, is\n'
      f'seen:  {warm} and {cold}')
held = [cold['Outside Air Temperature'], warm['Outside Air Temperature']] == [246, 30] and abs(cold['Platform Pitch Angle'] + 5) < .01
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
