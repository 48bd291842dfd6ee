#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A controller that is told the time between its calls, 5 ms.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check simple-pid==2.0.1
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from simple_pid import PID

STEP, STEPS = 0.005, 2000  # seconds; 10 s of them


def driven(**more):
    """Return where something is after 10 s whose speed is what the controller says, and how often that changed."""
    pid, place, told = PID(1.0, 0.1, 0.0, setpoint=1.0, **more), 0.0, []
    for _ in range(STEPS):
        told.append(pid(place, dt=STEP))
        place += told[-1] * STEP
    return round(place, 2), len(set(told))


as_it_is, untimed = driven(), driven(sample_time=None)
print(f'simple-pid {version("simple-pid")}\n'
      'guess: with dt=0.005 each call is a step of 5 ms, and what is driven comes to its setpoint, 1\n'
      f'seen:  at {as_it_is[0]} after 10 s, {as_it_is[1]} output for {STEPS} calls; with sample_time=None at {untimed[0]}')
sys.exit(0 if as_it_is[0] > 5 and as_it_is[1] == 1 and abs(untimed[0] - 1) < 0.2 and untimed[1] > STEPS / 2
         else 'The behaviour has changed.')
PYTHON
