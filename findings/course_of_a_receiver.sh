#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A level vehicle that drives east is told its course by GNSS, 90 degrees, in each of the three frames that the package knows.
# In two of them its nose comes to point west: what it sees is laid out on the wrong side of the map.
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

COURSE = 90.0  # degrees clockwise from north, as a receiver tells it
EAST = {'NWU': np.array([0, -1, 0]), 'ENU': np.array([1, 0, 0]), 'NED': np.array([0, 1, 0])}
UP = {'NWU': np.array([0, 0, 1.0]), 'ENU': np.array([0, 0, 1.0]), 'NED': np.array([0, 0, -1.0])}  # what is felt at rest, in g
NORTH = {'NWU': np.array([0, 1.0, 0]), 'ENU': np.array([0, 1.0, 0]), 'NED': np.array([0, -1.0, 0])}  # to the left of the nose


def nose(frame, *update):
    """Return how far to the east the nose points, 1 to -1, after ten seconds."""
    ahrs = imufusion.Ahrs()
    settings = imufusion.AhrsSettings()
    settings.convention = getattr(imufusion, f'CONVENTION_{frame}')
    ahrs.set_settings(settings)
    for _ in range(1000):
        getattr(ahrs, update[0])(np.zeros(3), UP[frame], update[1])
    return round(float(imufusion.quaternion_to_matrix(ahrs.get_quaternion())[:, 0] @ EAST[frame]), 2) + 0.0


told = {frame: nose(frame, 'update_external_heading', COURSE) for frame in EAST}
magnetic = {frame: nose(frame, 'update', NORTH[frame]) for frame in EAST}
compass = imufusion.compass(UP['ENU'], NORTH['ENU'], imufusion.CONVENTION_ENU)
by_compass = nose('ENU', 'update_external_heading', compass)
print(f'imufusion {version("imufusion")}\n'
      f'guess: a course of {COURSE:.0f} turns the nose to the east, as a magnetometer does: 1 in all three frames\n'
      f'seen:  by the course {told}, by a magnetometer {magnetic}; what its own compass tells in ENU, {abs(compass):.0f}, '
      f'turns it to the north: {by_compass}')
held = (told == {'NWU': -1, 'ENU': -1, 'NED': 1} and all(value == 1 for value in magnetic.values())
        and abs(compass) < 0.01 and abs(by_compass) < 0.01)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
