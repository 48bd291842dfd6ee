#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A platform that pans by 0.9 degrees a second for a minute, its gyroscope exact. Both filters take the slow turn for the bias of
# a sensor at rest and take it out: a robot's heading is off by 47 degrees and more, and goes on to be after it stops.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check imufusion==1.3.3 vqf==2.1.2 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import imufusion
import numpy as np
import vqf

RATE, SECONDS = 100, 60


def turned(speed, filters):
    """Return how far a minute at this many degrees a second turns the robot, in degrees, by each filter."""
    gyroscope, accelerometer = np.array([0, 0, speed]), np.array([0, 0, 1.0])
    many = np.full((RATE * SECONDS, 1), 1.0)
    w, _, _, z = vqf.VQF(1 / RATE).updateBatch(many * np.radians(gyroscope), many * accelerometer * 9.81)['quat6D'][-1]
    bias, ahrs = imufusion.Bias(), imufusion.Ahrs()
    ahrs.skip_startup()  # three seconds of which the heading is put to 0
    for _ in many:
        ahrs.update_no_magnetometer(bias.update(gyroscope), accelerometer)
    told = dict(zip(filters, (np.degrees(2 * np.arctan2(z, w)), imufusion.quaternion_to_euler(ahrs.get_quaternion())[2])))
    return {name: round(float(angle) % 360, 1) for name, angle in told.items()}


slow, fast = (turned(speed, ('vqf', 'imufusion')) for speed in (0.9, 4.0))
print(f'vqf {version("vqf")}, imufusion {version("imufusion")}\n'
      f'guess: {0.9 * SECONDS:.0f} and {4 * SECONDS} degrees: the gyroscope is exact\n'
      f'seen:  at 0.9 degrees a second {slow}, at 4 {fast}')
held = slow['vqf'] < 5 and slow['imufusion'] < 10 and fast['vqf'] == 240 and abs(fast['imufusion'] - 240) < 1
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
