#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A goal of 3 turns for an ODrive motor, with 2 turns a second and 1 Nm to feed forward, as one package sends it by CAN,
# read by the table of messages in another one.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyodrivecan==0.1.3 odrive-can==2.1.0 \
  python-can==4.6.1 cantools==45.1.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from importlib.resources import files

import can
import cantools
from pyodrivecan import ODriveCAN

table = cantools.database.load_file(str(next(files('odrive_can').joinpath('dbc').glob('*0.5*.dbc'))))
bus, motor = (can.Bus('odrive', interface='virtual') for _ in range(2))
drive = ODriveCAN.__new__(ODriveCAN)  # its constructor sets up a network interface
drive.nodeID, drive.canBus = 0, bus


def sent():
    message = motor.recv(1)
    return table.decode_message(message.arbitration_id, message.data)


drive.set_position(3., 2, 1)
seen = sent()
drive.set_velocity(2., 1.)
right = sent()
bus.shutdown()
motor.shutdown()
print(f'pyodrivecan {version("pyodrivecan")}, odrive-can {version("odrive-can")}\n'
      'guess: a position of 3 turns, with 2 turns a second and 1 Nm, arrives as that, as a velocity does\n'
      f'seen:  {seen}, thousandths of them;\n       a velocity of 2 with 1 Nm as {right}')
held = seen == {'Input_Pos': 3, 'Vel_FF': .002, 'Torque_FF': .001} and set(right.values()) == {1, 2}
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
