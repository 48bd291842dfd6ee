#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two joints of an arm, or axes of a gantry, that are to go from rest to rest on a straight line, by a generator of
# trajectories with limited jerk: its synchronization by phase, and what it says of it. The second one may be slow.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ruckig==0.19.4 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from ruckig import InputParameter, Ruckig, Synchronization, Trajectory

WAY, SPEED, ACCELERATION, JERK = np.array([1.0, 0.5]), 1.0, 2.0, 4.0


def gone(slow):
    """Return what is said, the seconds, and by how many metres the way leaves the straight line."""
    asked, found = InputParameter(2), Trajectory(2)
    asked.target_position = WAY.tolist()
    asked.max_velocity, asked.max_acceleration, asked.max_jerk = [SPEED, slow], [ACCELERATION] * 2, [JERK] * 2
    asked.synchronization = Synchronization.Phase
    said = Ruckig(2).calculate(asked, found)
    places = np.array([found.at_time(moment)[0] for moment in np.linspace(0, found.duration, 400)])
    beside = np.abs(np.cross(np.c_[places, np.zeros(400)], np.append(WAY, 0) / np.linalg.norm(WAY))[:, 2])
    return said.name, round(found.duration, 2), round(float(beside.max()), 3)


fast, slow = gone(SPEED), gone(0.3)
# The same line at the slow one's pace: half the acceleration and jerk for it, so that the other needs all of its own.
asked, single = InputParameter(1), Trajectory(1)
asked.target_position, asked.max_velocity, asked.max_acceleration, asked.max_jerk = [0.5], [0.3], [ACCELERATION / 2], [JERK / 2]
Ruckig(1).calculate(asked, single)
line = max(abs(2 * values[0]) / limit for moment in np.linspace(0, single.duration, 400)
           for values, limit in zip(single.at_time(float(moment))[1:], (SPEED, ACCELERATION)))
print(f'ruckig {version("ruckig")}\n'
      f'guess: from rest to rest a straight line is always possible, and slower if need be: 0 m beside it\n'
      f'seen:  of two fast joints {fast}, of a fast and a slow one {slow}: said, seconds, metres beside the line\n'
      f'       the slow one alone within half the other\'s limits takes {single.duration:.2f} s, in which the other, twice as '
      f'far on, would use {line:.0%} of its speed or acceleration at most')
sys.exit(0 if fast == ('Working', 2.0, 0.0) and slow[0] == 'Working' and slow[2] > 0.02 and line <= 1.0 + 1e-9
         else 'The behaviour has changed.')
PYTHON
