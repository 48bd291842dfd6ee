#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A filter is asked for east, north and up in the constructor of its settings, which lists that argument, and told a vehicle that
# looks east. It works in north, west and up: each heading is off by 90 degrees on a map in REP 103's frame.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check imufusion==1.3.3 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import imufusion
import numpy as np

ASKED = {'sample_rate': 50.0, 'convention': imufusion.CONVENTION_ENU, 'gain': 2.0, 'rejection_timeout': 5.0}


def yaw(settings):
    """Return the yaw of a level vehicle whose magnetometer has north to the left, in degrees."""
    ahrs = imufusion.Ahrs()
    ahrs.set_settings(settings)
    for _ in range(1000):
        ahrs.update(np.zeros(3), np.array([0, 0, 1.0]), np.array([0, 1.0, 0]))
    return round(float(imufusion.quaternion_to_euler(ahrs.get_quaternion())[2])) + 0


constructed, assigned = imufusion.AhrsSettings(**ASKED), imufusion.AhrsSettings()
for name, value in ASKED.items():
    setattr(assigned, name, value)
kept = {name: getattr(constructed, name) == value for name, value in ASKED.items()}
found = yaw(constructed), yaw(assigned)
print(f'imufusion {version("imufusion")}\n'
      f'guess: in east, north and up a vehicle that looks east has yaw 0, be the frame given or assigned\n'
      f'seen:  given {found[0]}, assigned {found[1]}; of what was given, kept: {kept}')
held = found == (-90, 0) and [name for name, same in kept.items() if not same] == ['convention']
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
