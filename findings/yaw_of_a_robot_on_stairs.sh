#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A walking robot that heads to 40° on the world's floor plan and is pitched and rolled, as its SDK has its angles.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check bosdyn-client==5.2.0 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from bosdyn.client.math_helpers import Quat, SE3Pose, quat_to_eulerZYX
from scipy.spatial.transform import Rotation

told = {}
for roll, pitch in ((0, 0), (0, 30), (20, 30), (30, 40)):
    turn = Rotation.from_euler('ZYX', [40, pitch, roll], degrees=True)
    x, y, z, w = turn.as_quat()
    body = Quat(w, x, y, z)
    angles = [round(float(np.degrees(angle)), 1) for angle in (body.to_roll(), body.to_pitch(), body.to_yaw())]
    nose = turn.apply([1, 0, 0])
    told[roll, pitch] = [angles, *(round(float(np.degrees(angle)), 1) for angle in (
        quat_to_eulerZYX(body)[0], SE3Pose(0, 0, 0, body).get_closest_se2_transform().angle, np.arctan2(nose[1], nose[0])))]
print(f'bosdyn-client {version("bosdyn-client")}\n'
      f'guess: to_roll, to_pitch and to_yaw, "the Euler angle yaw", are three angles of one kind, and the yaw is the 40° to\n'
      f'       which the nose points, as by quat_to_eulerZYX: {[one[1] for one in told.values()]}')
for angles, (three, _, flat, _) in told.items():
    print(f'seen:  of a roll and pitch of {angles} they are {three}, and the pose on the plane has {flat}')
held = all(one[1] == one[3] == 40 and one[0][:2] == list(angles) and one[0][2] == one[2] for angles, one in told.items())
held = held and [one[0][2] == 40 for one in told.values()] == [True, True, False, False]
held = held and told[30, 40][0][2] - 40 < -5 or told[30, 40][0][2] - 40 > 5
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
