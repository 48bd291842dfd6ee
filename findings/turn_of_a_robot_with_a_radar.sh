#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A robot with a radar goes ahead at 1 m/s and turns to the left by 90 degrees a second, for a second, and then goes straight on for one.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pymmwave==1.1.2 numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import math
import sys
from importlib.metadata import version

from pymmWave.data_model import ImuVelocityData, Pose

pose, turning = Pose(), ImuVelocityData((1, 0, 0), (0, 0, math.pi / 2))  # "drolldpitchdyaw"
pose.move(turning, 1)
pose.move(ImuVelocityData((1, 0, 0), (0, 0, 0)), 1)
x, y, z, roll, pitch, yaw = (round(float(part), 2) + 0 for part in pose.get())
axis = [round(float(part), 2) + 0 for part in turning.get().as_rotvec().ravel()]
print(f'pymmwave {version("pymmwave")}\n'
      'guess: roll, pitch and yaw are 0, 0 and 1.57, and the rate as a rotation is 1.57 about z\n'
      f'seen:  {roll}, {pitch} and {yaw}, though the place, {x} {y} {z}, is that of a robot which turned left, and as a rotation it is {axis}: first and\n'
      '       third rate change places in the pose, and once more as it moves on, but not in the rotation')
sys.exit(0 if (x, y, z) == (1, 1, 0) and (roll, pitch, yaw) == (1.57, 0, 0) and axis == [1.57, 0, 0] else 'The behaviour has changed.')
PYTHON
