#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A robot at 3 m/s that enters a zone of 1 m/s, and has 10 m to its goal: what a trapezoidal profile with an acceleration
# of 1 m/s² asks for next, step by step, in the library of a robot competition.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check robotpy-wpimath==2026.2.2
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from wpimath.trajectory import TrapezoidProfile

PERIOD, LIMIT, ACCELERATION = 0.02, 1.0, 1.0
state = TrapezoidProfile.State


def hardest(speed):
    """Return the largest acceleration of the way from that speed, the speed after one step, and where it ends."""
    profile = TrapezoidProfile(TrapezoidProfile.Constraints(LIMIT, ACCELERATION))
    now, goal, most, first = state(0, speed), state(10, 0), 0.0, None
    for _ in range(1000):
        after = profile.calculate(PERIOD, now, goal)
        first = after.velocity if first is None else first
        most, now = max(most, abs(after.velocity - now.velocity) / PERIOD), after
    return round(most, 2), round(first, 3), round(now.position, 3)


within, beyond = hardest(0.5), hardest(3.0)
print(f'robotpy-wpimath {version("robotpy-wpimath")}\n'
      f'guess: it brakes with 1 m/s² for two seconds: 2.98 m/s after the first 20 ms\n'
      f'seen:  from 0.5 m/s {within}: m/s² at most, m/s after 20 ms, where it ends; from 3 m/s {beyond}: the speed that it '
      'has is cut to the limit')
sys.exit(0 if within == (1.0, 0.52, 10.0) and beyond == (100.0, 1.0, 10.0) else 'The behaviour has changed.')
PYTHON
