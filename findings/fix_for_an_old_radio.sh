#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A position as MAVLink 1. Fields that were added to a message later, its extensions, are by the protocol not sent in that version, whose
# messages have one length: 30 bytes here.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pymavlink==2.4.50
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from pymavlink.dialects.v10 import common as old
from pymavlink.dialects.v20 import common as new

FIX = {'time_usec': 1764000000123456, 'fix_type': 3, 'lat': 481234567, 'lon': 115678901, 'alt': 512300, 'eph': 100, 'epv': 100, 'vel': 0,
       'cog': 0, 'satellites_visible': 12}


def packed(dialect, **how):
    fix = dialect.MAVLink_gps_raw_int_message(**FIX).pack(dialect.MAVLink(None), **how)
    beat = dialect.MAVLink_heartbeat_message(1, 2, 3, 4, 5, 3).pack(dialect.MAVLink(None), **how)
    return {0xFE: 1, 0xFD: 2}[fix[0]], fix[1], beat[1]


first, forced, second = packed(old), packed(new, force_mavlink1=True), packed(new)
print(f'pymavlink {version("pymavlink")}\n'
      f'guess: as MAVLink 1 a fix has {first[1]} bytes, as by the dialect of MAVLink 1, a heartbeat {first[2]}\n'
      f'seen:  by the dialect of MAVLink 2 with force_mavlink1=True {forced[1]} and {forced[2]}: the extensions are sent; '
      f'as MAVLink 2 {second[1]} and {second[2]}')
sys.exit(0 if (first, forced, second) == ((1, 30, 9), (1, 52, 9), (2, 30, 9)) else 'The behaviour has changed.')
PYTHON
