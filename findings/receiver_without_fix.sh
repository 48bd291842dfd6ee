#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a GNSS receiver says before its first fix: the robot is in the Gulf of Guinea, or at a text.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pynmea2==1.19.0 pynmeagps==1.1.8
"$work/venv/bin/python" - <<'PYTHON'
import sys
from functools import reduce
from importlib.metadata import version

import pynmea2
from pynmeagps import NMEAReader

BODY = 'GNGGA,120000.00,,,,,0,00,99.99,,,,,,'
LINE = f'${BODY}*{reduce(lambda a, b: a ^ b, BODY.encode()):02X}\r\n'
first, second = pynmea2.parse(LINE), NMEAReader.parse(LINE)
guess = 'latitude and longitude are None, as the altitude is'
seen = (f'pynmea2: latitude {first.latitude}, longitude {first.longitude}, altitude {first.altitude}; '
        f'pynmeagps: {second.lat!r}, {second.lon!r}, altitude {second.alt!r}')
held = (first.latitude, first.longitude, first.altitude, second.lat, second.lon) == (0.0, 0.0, None, '', '')
print(f'pynmea2 {version("pynmea2")}, pynmeagps {version("pynmeagps")}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
