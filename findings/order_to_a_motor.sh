#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An order to a CyberGear motor: hold 1 rad with a stiffness of 30. Numbers of 16 bits go over CAN with the high byte first, and come back so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check cybergear-core==0.1.0 cybergeardriver==0.2.0 python-can==4.6.1 loguru==0.7.3
cd "$work"
"$work/venv/bin/python" - 2> log <<'PYTHON' || { cat log; exit 1; }
import sys
from importlib.metadata import version

from cybergear.cybergear import CANMotorController
from CyberGearDriver import CyberGearMotor


class Bus:
    """A bus that keeps what is sent, and on which nobody answers."""

    sent = []

    def send(self, message):
        self.sent.append(bytes(message.data))

    def recv(self, timeout=None):
        return None


def understood(order):
    """Return the angle and the stiffness that a motor takes the order for."""
    angle, _, stiffness, _ = (int.from_bytes(order[start:start + 2], 'big') / 65535 for start in range(0, 8, 2))
    return round(angle * 25 - 12.5, 1), round(stiffness * 500, 1)


bus, orders = Bus(), []
CANMotorController(bus, motor_id=1).send_motor_control_command(torque=0, target_angle=1, target_velocity=0, Kp=30, Kd=1)
CyberGearMotor(1, lambda message: orders.append(bytes(message.data))).control(1, 0, 0, 30, 1)
core, driver = bus.sent[0], orders[0]
back = CANMotorController(Bus(), motor_id=1).parse_received_msg(driver, 0x02000100)
print(f'cybergear-core {version("cybergear-core")}, cybergeardriver {version("cybergeardriver")}\n'
      f'guess: the order says 1.0 rad and a stiffness of 30, as by cybergeardriver: {driver.hex()}\n'
      f'seen:  by cybergear-core {core.hex()}, low bytes first, which is {understood(core)[0]} rad and a stiffness of {understood(core)[1]}; '
      f'what comes back\n       it reads with high bytes first: {back[1]:.2f} rad; and it writes in parts of 4 pi, and reads in parts of 12.5')
sys.exit(0 if understood(driver) == (1, 30) and understood(core) == (-7.9, 179.8) and abs(back[1] - 1) < .01 else 'The behaviour has changed.')
PYTHON
