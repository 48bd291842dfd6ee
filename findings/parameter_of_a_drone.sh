#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A whole number set as a parameter of a drone, by the two ways that one package has.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pymavlink==2.4.50
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import contextlib
import io
import struct
import sys
from importlib.metadata import version

from pymavlink import mavparm, mavutil
from pymavlink.dialects.v20 import common

NAME, VALUE, TYPE = 'SYS_AUTOSTART', 4001, common.MAV_PARAM_TYPE_INT32


class Wire:
    """Takes the place of a serial port."""

    data = b''

    def write(self, data):
        self.data = data


class Link:
    """What the two ways need of a connection."""

    target_system = target_component = 1
    param_set_send = mavutil.mavfile.param_set_send

    def __init__(self):
        self.wire = Wire()
        self.mav = common.MAVLink(self.wire, 255, 190)

    def mavlink10(self):
        return True

    def recv_match(self, **_):
        return None

    def sent(self):
        message, = common.MAVLink(None).parse_buffer(self.wire.data)
        return message.param_type == TYPE, message.param_value


link = Link()
link.param_set_send(NAME, VALUE, TYPE)
plain = link.sent()
with contextlib.redirect_stdout(io.StringIO()):
    mavparm.MAVParmDict().mavset(link, NAME, VALUE, retries=1, parm_type=TYPE)
packed = link.sent()
print(f'pymavlink {version("pymavlink")}\n'
      f'guess: {VALUE} as an INT32 goes out in one way, whoever sends it\n'
      f'seen:  both say INT32; param_set_send writes {plain[1]}, MAVParmDict.mavset {packed[1]:.4g}, the bits of {VALUE}: to a drone '
      f'that reads the other way these are {int.from_bytes(struct.pack(">f", VALUE))} and {int(packed[1])}')
held = plain == (True, 4001.0) and packed[0] and 0 < packed[1] < 1e-40
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
