#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a RobStride motor answers over CAN when it is enabled. Two bits of the identifier, 22 and 23, tell its mode: 0 is reset, 1 calibration
# and 2 run.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check robstride==0.1.0 python-can==4.6.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import struct
import sys
from importlib.metadata import version

import can
from robstride.client import Client, MotorMode


class Bus:
    """A bus with one motor, which is in a mode."""

    def __init__(self, mode):
        self.mode = mode

    def send(self, message):
        pass

    def recv(self, timeout=None):
        identifier = 2 << 24 | self.mode << 22 | 5 << 8 | 0xAA
        return can.Message(arbitration_id=identifier, is_extended_id=True, data=struct.pack('>HHHH', 40000, 33000, 32767, 305))


told = [Client(Bus(mode)).enable(5) for mode in (0, 1, 2)]
modes = [answer.mode.name for answer in told]
right = [MotorMode(mode).name for mode in (0, 1, 2)]
print(f'robstride {version("robstride")}\n'
      f'guess: modes 0, 1 and 2 are {", ".join(right)}, as its own MotorMode has them\n'
      f'seen:  {", ".join(modes)}: one of the two bits is read; the angle is {told[2].angle:.2f} rad and the temperature {told[2].temp} degrees')
sys.exit(0 if modes == ['Reset', 'Calibration', 'Reset'] and right[2] == 'Run' and told[2].temp == 30.5 else 'The behaviour has changed.')
PYTHON
