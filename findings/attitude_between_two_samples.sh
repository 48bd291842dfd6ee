#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Attitudes between two samples of an IMU, by the mathematics that its maker gives with it: the first one is 0, the second a turn about z, told
# by a quaternion of either sign.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check yostlabs-math==2026.3.11 numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import math
import sys
from importlib.metadata import version

from scipy.spatial.transform import Rotation, Slerp
from yostlabs.math import quaternion as names


def quarter(turn, sign):
    """Return the attitudes at a quarter of the way, in radians, by the package and by SciPy."""
    ends = [[0, 0, 0, 1], [sign * part for part in (0, 0, math.sin(turn / 2), math.cos(turn / 2))]]
    x, y, z, w = names.slerp(*ends, .25)
    right = Slerp([0, 1], Rotation.from_quat(ends))(.25).as_rotvec()[2]
    return round(float(2 * math.atan2(z, w)), 2), round(float(right), 2)


turns = (.4, 2, 3)
same, other = [quarter(turn, 1) for turn in turns], [quarter(turn, -1) for turn in turns]
print(f'yostlabs-math {version("yostlabs-math")}\n'
      f'guess: at a quarter of the way to {turns} it is {[right for _, right in same]}, as by SciPy, whatever the sign\n'
      f'seen:  {[seen for seen, _ in same]}, and with the other sign {[seen for seen, _ in other]}: the sine is taken of 1 - t, and times the angle,\n'
      '       for the sine of both; and the angle is that before the sign was changed')
held = [right for _, right in same] == [right for _, right in other] == [.1, .5, .75] and same[2][0] == .67 and other[2][0] == .67
sys.exit(0 if held and other[1][0] != .5 and same != other else 'The behaviour has changed.')
PYTHON
