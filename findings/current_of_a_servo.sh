#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The current that a servo of type ST3215 tells in two bytes, in steps of 6.5 mA, read by two packages from one servo, that is played here.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check st3215==0.4.2 python-st3215==1.3.0 pyserial==3.5
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import python_st3215
import serial
import st3215


class Servo:
    """A servo that answers pings and reads of its memory."""

    memory, answer, is_open, timeout, in_waiting = bytearray(80), b'', True, 0, 0

    def __init__(self, *_, **__):
        pass

    def write(self, packet):
        number, _, instruction = packet[2:5]
        assert instruction in (1, 2)  # ping and read
        address, count = packet[5:7] if instruction == 2 else (0, 0)
        body = bytes([number, count + 2, 0, *self.memory[address:address + count]])
        self.answer = b'\xff\xff' + body + bytes([~sum(body) & 255])
        return len(packet)

    def read(self, count=1):
        part, self.answer = self.answer[:count], self.answer[count:]
        return part

    def flush(self):
        pass

    reset_input_buffer = reset_output_buffer = close = flush


serial.Serial = Servo
first, second = st3215.ST3215('servo'), python_st3215.ST3215(ser=Servo())
seen, guess = [], []
for steps in (100, 255, 300, 420):
    Servo.memory[69:71] = steps.to_bytes(2, 'little')
    seen.append(first.ReadCurrent(1))
    guess.append(6.5 * second.wrap_servo(1).sram.read_current_current())
print(f'st3215 {version("st3215")}, python-st3215 {version("python-st3215")}\n'
      f'guess: {guess} mA by both, a servo that is held fast takes up to 2.7 A\n'
      f'seen:  {seen} mA by st3215, "current in mA": one of the two bytes is read')
sys.exit(0 if guess == [650, 1657.5, 1950, 2730] and seen == [650, 1657.5, 286, 1066] else 'The behaviour has changed.')
PYTHON
