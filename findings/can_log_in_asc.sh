#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A CAN log in ASC, marked "timestamps absolute": read from 0 on, and asked for absolute, nine hours late.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check python-can==4.6.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
import time
from importlib.metadata import version
from os import environ

import can

sent = 1_700_000_000.25
names = 'drive.asc', 'drive.blf'
environ['TZ'] = 'Asia/Tokyo'  # on the robot
time.tzset()
for name in names:
    with can.Logger(name) as log:
        log(can.Message(timestamp=sent, arbitration_id=0x123, data=[1], is_extended_id=False, channel=0))
environ['TZ'] = 'UTC'  # at the desk
time.tzset()
read = {name: next(iter(can.LogReader(name))).timestamp for name in names}
asked = next(iter(can.LogReader('drive.asc', relative_timestamp=False))).timestamp
with open('drive.asc') as file:
    said = 'timestamps absolute' in file.read()
versions = f'python-can {version("python-can")}'
guess = f'the time is that of the message, {sent}, where the file says absolute, at least when it is asked for'
seen = f'{read}, with relative_timestamp=False {asked:.2f}; the file says "timestamps absolute": {said}'
held = (said and read['drive.asc'] == 0 and abs(read['drive.blf'] - sent) < 1e-3
        and abs(asked - sent - 9 * 3600) < .01)
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
