#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A waypoint as a vehicle tells it today, MISSION_ITEM_INT, and as it told it before, written to a waypoint file and read again.
# The first one comes back as a latitude of 481 million degrees; the other one is centimetres off, and 0.2 m when it is sent.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pymavlink==2.4.50
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from pymavlink import mavwp
from pymavlink.dialects.v20 import ardupilotmega as mavlink

LATITUDE, LONGITUDE = 48.12345678, 11.98765432
FRAME, GO = mavlink.MAV_FRAME_GLOBAL_RELATIVE_ALT, mavlink.MAV_CMD_NAV_WAYPOINT
HEAD = 1, 1, 0
TAIL = FRAME, GO, 0, 1, 0, 0, 0, 0


def through_a_file(item):
    """Return the latitude that a file of this waypoint brings back, and the type it comes as."""
    loader, reader = mavwp.MAVWPLoader(), mavwp.MAVWPLoader()
    loader.add(item)
    loader.save('mission.txt')
    reader.load('mission.txt')
    return reader.wp(0).x, reader.wp(0).get_type()


whole = mavlink.MAVLink_mission_item_int_message(*HEAD, *TAIL, round(LATITUDE * 1e7), round(LONGITUDE * 1e7), 50)
broken = mavlink.MAVLink_mission_item_message(*HEAD, *TAIL, LATITUDE, LONGITUDE, 50)
of_whole, of_broken = through_a_file(whole), through_a_file(broken)
sent = mavlink.MAVLink(None).decode(bytearray(broken.pack(mavlink.MAVLink(None, 1, 1)))).x
print(f'pymavlink {version("pymavlink")}\n'
      f'guess: latitude {LATITUDE} of both\n'
      f'seen:  from MISSION_ITEM_INT {of_whole}, from MISSION_ITEM {of_broken}; and MISSION_ITEM sent {sent}')
held = of_whole == (481234568.0, 'MISSION_ITEM') and of_broken[0] == 48.123457 and 1e-6 < abs(sent - LATITUDE) < 5e-6
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
