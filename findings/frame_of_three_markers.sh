#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Three markers on a tool that is turned by 30 degrees to the left, as a motion capture sees them, made a rotation by one function of
# the package and a quaternion by the other. The tool is turned to the right: columns are laid in a row, and read as rows.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check scikit-kinematics==0.10.4 numpy==2.4.6 scipy==1.17.1
cd "$work"
QT_QPA_PLATFORM=offscreen "$work/venv/bin/python" -W ignore - <<'PYTHON' 2> log || { cat log >&2; exit 1; }
import sys
from importlib.metadata import version

import numpy as np
from scipy.spatial.transform import Rotation
from skinematics import rotmat, vector

TURN = 30
true = Rotation.from_euler('z', TURN, degrees=True)
origin = np.array([0.5, 0.2, 1.0])
frame = vector.GramSchmidt(origin, origin + true.apply([0.1, 0, 0]), origin + true.apply([0.05, 0.1, 0]))


def yaw(quaternion):
    """Return how far this turns about z, in degrees."""
    w, _, _, z = np.ravel(quaternion)
    return round(float(np.degrees(2 * np.arctan2(z, w))), 1)


seen = {'convert of GramSchmidt': yaw(rotmat.convert(frame)), 'its transposed matrix': yaw(rotmat.convert(frame.reshape(3, 3).T)),
        'convert of the matrix itself': yaw(rotmat.convert(true.as_matrix()))}
print(f'scikit-kinematics {version("scikit-kinematics")}\n'
      f'guess: {TURN} degrees: both speak of a rotation matrix of nine in a row\n'
      f'seen:  {seen}')
sys.exit(0 if list(seen.values()) == [-TURN, TURN, TURN] else 'The behaviour has changed.')
PYTHON
