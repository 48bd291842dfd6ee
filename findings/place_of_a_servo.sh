#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A servo of Dynamixel's protocol 1, AX-12 and the like, whose numbers of two bytes have the low one first; its registers are a table here.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check dynamixel-python==0.0.8 dynamixel-sdk==4.1.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from dxl2.v1 import MotorBus
from dynamixel_sdk import PacketHandler, PortHandler

GOAL = 30


class Servo:
    """A servo on a serial line, which answers to reads and writes."""

    timeout, in_waiting = .1, 0

    def __init__(self):
        self.registers, self.out = bytearray(128), b''

    def write(self, told):
        name, length, verb, address = told[2:6]
        values = told[6:3 + length]
        if verb == 3:
            self.registers[address:address + len(values)] = values
        answer = bytes([name, 2 + (values[0] if verb == 2 else 0), 0]) + (bytes(self.registers[address:address + values[0]]) if verb == 2 else b'')
        self.out = b'\xff\xff' + answer + bytes([~sum(answer) & 255])
        return len(told)

    def read(self, size=1):
        part, self.out = self.out[:size], self.out[size:]
        return part

    def flush(self):
        """Do nothing."""

    reset_input_buffer = flush


servo = Servo()
ours = MotorBus('none')
ours.conn.serial = servo
port, other = PortHandler('none'), PacketHandler(1.0)
port.ser, port.is_open = servo, True
port.setPacketTimeout = port.setPacketTimeoutMillis = lambda *_: None
port.isPacketTimeout = lambda: False
ours.write(1, GOAL, 2, 300)
right = other.read2ByteTxRx(port, 1, GOAL)[0]
back = ours.read(1, GOAL, 2).data
print(f'dynamixel-python {version("dynamixel-python")}, dynamixel-sdk {version("dynamixel-sdk")}\n'
      'guess: a goal of 300 that was written is read as 300\n'
      f'seen:  {right} by dynamixel-sdk and {back} by dynamixel-python, which writes the low byte first and takes the high one first: 0x012C is 0x2C01')
sys.exit(0 if (right, back) == (300, 0x2C01) else 'The behaviour has changed.')
PYTHON
