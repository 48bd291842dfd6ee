#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A GLONASS ephemeris in RTCM, message 1020: where the satellite is, and what its clock says.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyrtcm==1.2.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from pyrtcm import RTCMMessage

X, TAU, GAMMA = 12345.5, 2.5e-4, 1.5e-11  # kilometres, seconds, relative


def field(value, size, unit=1.0):
    """Return the bits of a number with its sign in front, as GLONASS has it."""
    number = round(abs(value) / unit)
    return f'{value < 0:d}{number:0{size - 1}b}'


def plain(*fields):
    return ''.join(f'{value:0{size}b}' for value, size in fields)


axis = field(1.5, 24, 2**-20), field(X, 27, 2**-11), field(0, 5)
bits = (plain((1020, 12), (5, 6), (8, 5), (0, 4), (0, 12), (0, 2), (10, 7)) + ''.join(axis * 3)
        + plain((0, 1)) + field(GAMMA, 11, 2**-40) + plain((0, 3)) + field(TAU, 22, 2**-30) + field(0, 5)
        + plain((0, 5), (0, 1), (0, 4), (0, 11), (0, 2), (0, 1), (0, 11)) + field(0, 32) + plain((0, 5)) + field(0, 22)
        + plain((0, 1), (0, 7)))
assert len(bits) == 360, len(bits)
message = RTCMMessage(payload=int(bits, 2).to_bytes(45, 'big'))
x, gamma, tau = message.DF112, message.DF121, message.DF124
print(f'pyrtcm {version("pyrtcm")}\n'
      f'guess: all fields are in their units: x {X} km, clock {TAU} s, its rate {GAMMA}\n'
      f'seen:  x {x}, clock {tau}, its rate {gamma}: these two are the integers of the message')
held = x == X and tau == round(TAU * 2**30) and gamma == round(GAMMA * 2**40)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
