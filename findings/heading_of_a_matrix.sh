#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Roll, pitch and yaw of an attitude, by the quaternion and by the matrix of one package.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ahrs==0.4.0 scipy==1.17.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from ahrs import DCM, Quaternion
from scipy.spatial.transform import Rotation

ANGLES = np.array([10, 20, 30])  # roll, pitch and yaw
turn = Rotation.from_euler('ZYX', ANGLES[::-1], degrees=True)
x, y, z, w = turn.as_quat()
quaternion = Quaternion([w, x, y, z])
matrix = DCM(quaternion.to_DCM())
assert np.allclose(matrix, turn.as_matrix())

yaw = DCM(Rotation.from_euler('z', 30, degrees=True).as_matrix())
radians = np.radians(ANGLES)
seen = {
    'Quaternion.to_angles': quaternion.to_angles(), 'DCM.to_rpy': matrix.to_rpy(), 'of a yaw of 30': yaw.to_rpy(),
    'of Quaternion(rpy)': Quaternion(rpy=radians).to_angles(), 'of DCM(rpy)': DCM(rpy=radians).to_rpy(),
}
seen = {name: np.degrees(angles).round(1).tolist() for name, angles in seen.items()}
print(f'ahrs {version("ahrs")}\n'
      f'guess: {ANGLES.tolist()}, by the quaternion and by the matrix, and of a yaw of 30 degrees [0, 0, 30]\n'
      f'seen:  {seen}')
held = (np.allclose(seen['Quaternion.to_angles'], ANGLES) and np.allclose(seen['of Quaternion(rpy)'], ANGLES)
        and seen['of a yaw of 30'] == [0, 0, -30] and np.linalg.norm(seen['DCM.to_rpy'] - ANGLES) > 30
        and np.linalg.norm(seen['of DCM(rpy)'] - ANGLES) > 30)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
