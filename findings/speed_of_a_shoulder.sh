#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One frame of a DaMiao DM4340 motor, as in many arms, at 3 rad/s. Speeds are told in 12 bits, as parts of a range that belongs to the motor.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check damiao-motor==1.0.6 pydamiao==0.1.4 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from damiao_motor.core.motor import DaMiaoMotor
from pydamiao.protocol import DamiaoProtocol
from pydamiao.structs import MOTOR_LIMITS, MotorType


def read(frame, one, other):
    state = DaMiaoMotor(1, 0x11, None, motor_type=one).decode_sensor_feedback(frame)
    status = DamiaoProtocol.decode_status(frame, MOTOR_LIMITS[other])
    return [round(state[name], 2) for name in ('pos', 'vel', 'torq')], [round(value, 2) for value in status]


angle, speed, torque = round((1 + 12.5) / 25 * 65535), round((3 + 8) / 16 * 4095), round((2 + 28) / 56 * 4095)
frame = bytes([0x11, angle >> 8, angle & 255, speed >> 4, (speed & 15) << 4 | torque >> 8, torque & 255, 30, 32])
one, other = read(frame, '4340', MotorType.DM4340)
high_one, high_other = read(frame, '4340P', MotorType.DM4340_48V)
low = read(frame, '4310', MotorType.DM4310)
print(f'damiao-motor {version("damiao-motor")}, pydamiao {version("pydamiao")}\n'
      'guess: angle, speed and torque are the same to both\n'
      f'seen:  {one} in damiao-motor, {other} in pydamiao: the one has a range of 10 rad/s for the motor, the other of 8, and of 10\n'
      f'       for that of 48 V, of which they agree: {high_one[1]} and {high_other[1]}; and so they do of a DM4310: {low[0][1]} and {low[1][1]}')
held = other == [1, 3, 2] and one == [1, 3.75, 2] and high_one == high_other and low[0] == low[1]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
