#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A gripper turned by a roll of 10, a pitch of 20 and a yaw of 30°, "intrinsic angles, executed in roll, pitch, yaw order",
# as a pose and as a quaternion by the SDK of a humanoid robot, and by SciPy.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check reachy2-sdk==1.0.15 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from reachy2_sdk.utils.utils import get_pose_matrix, quaternion_from_euler_angles, rotate_in_self
from scipy.spatial.transform import Rotation

right, fixed = (Rotation.from_euler(order, [10, 20, 30], degrees=True) for order in ('XYZ', 'xyz'))
start = np.eye(4)
start[:3, :3] = Rotation.from_euler('z', 90, degrees=True).as_matrix()
told = {'quaternion_from_euler_angles': quaternion_from_euler_angles(10, 20, 30).rotation_matrix,
        'get_pose_matrix': get_pose_matrix([0., 0., 0.], [10, 20, 30])[:3, :3],
        'rotate_in_self': start[:3, :3].T @ rotate_in_self(start, [10, 20, 30])[:3, :3]}
seen, other = ({name: round(float(np.degrees((true.inv() * Rotation.from_matrix(turn)).magnitude())), 1)
                for name, turn in told.items()} for true in (right, fixed))
print(f'reachy2-sdk {version("reachy2-sdk")}\n'
      f'guess: all three turn about axes that turn with the gripper, x first, as they are described: 0° off\n'
      f'seen:  off by {seen}°: two of them turn about fixed axes, from which they are {other}° off')
quaternion, pose, itself = seen.values()
held = quaternion < .1 and pose == itself > 5 and other['get_pose_matrix'] == other['rotate_in_self'] == 0
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
