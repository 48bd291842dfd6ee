#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The error of a pose that is turned by so many degrees about an oblique axis and moved by 2 m, as the norm of the
# logarithm of the motion, by which it is described, and by Pinocchio.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check telekinesis-tf==0.1.6 pin==4.1.0 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import pinocchio
from scipy.spatial.transform import Rotation
from telekinesis.tf.tfutils import compute_transformation_matrix_error

AXIS, MOVE = np.array([1, 2, 2]) / 3, [2., 0, 0]
told = {}
for angle in (0, 30, 90, 170):
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_rotvec(np.radians(angle) * AXIS).as_matrix()
    pose[:3, 3] = MOVE
    right = np.linalg.norm(pinocchio.log6(pinocchio.SE3(pose)).vector)
    told[angle] = [round(float(error), 3) for error in (right, compute_transformation_matrix_error(np.eye(4), pose))]
right, seen = ({angle: errors[which] for angle, errors in told.items()} for which in (0, 1))
print(f'telekinesis-tf {version("telekinesis-tf")}, pin {pinocchio.__version__}\n'
      f'guess: by degrees {right}, as by Pinocchio\n'
      f'seen:  {seen}: the square of a unit axis is taken for that of the turn')
held = right[0] == seen[0] == 2 and abs(right[30] - seen[30]) > .005 and abs(right[170] - seen[170]) > .2
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
