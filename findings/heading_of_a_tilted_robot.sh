#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The heading of a robot that looks to 40 degrees, in north, east and down, level, rolled, tilted or both, from exact
# readings of gravity and of the Earth's field, and the mean of readings that are all 1.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check py-imu==0.1.0 numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from py_imu.fusion.quaternion import Vector3D
from py_imu.fusion.utilities import RunningAverage, accelmag2rpy, rpymag2h
from scipy.spatial.transform import Rotation

GRAVITY, FIELD = (0, 0, 9.81), (20, 0, 45)
told = {}
for roll, pitch in ((0, 0), (30, 0), (0, 20), (30, 20), (-30, 40)):
    turn = Rotation.from_euler('ZYX', (40, pitch, roll), degrees=True).inv()
    field = turn.apply(FIELD)
    angles = accelmag2rpy(turn.apply(GRAVITY), field)
    told[roll, pitch] = [round(float(np.degrees(angle)), 1) for angle in (angles.z, rpymag2h(angles, field))]
mean, means = RunningAverage(5), []
for number in range(6):
    mean.update(Vector3D(1., 1., 1.))
    if number:
        means.append(round(mean.avg.x, 2))
seen = {lean: heading for lean, (_, heading) in told.items()}
print(f'py-imu {version("py-imu")}\n'
      'guess: "rpymag2h" says 40 degrees, as "accelmag2rpy" does, however the robot leans, and the mean of ones is 1\n'
      f'seen:  by roll and pitch {seen},\n'
      f'       as roll and pitch are taken in the other order; and the mean of two to six ones, in a window of five,\n'
      f'       is {means}: the first one does not count')
held = all(yaw == 40 for yaw, _ in told.values()) and [seen[lean] for lean in ((0, 0), (30, 0), (0, 20))] == [40] * 3
held = held and min(abs(seen[lean] - 40) for lean in ((30, 20), (-30, 40))) > 2 and means == [2, 1.5, 1.33, 1.25, 1]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
