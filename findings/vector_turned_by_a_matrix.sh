#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A vector turned by a quaternion, and by the matrix that the quaternion says it is.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyrr==0.10.3 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from pyrr import Matrix33, Matrix44, Quaternion, Vector3, Vector4

quaternion = Quaternion.from_z_rotation(np.radians(30))
ahead = Vector3([1.0, 0, 0])
left = {
    'Quaternion * v': quaternion * ahead, 'quaternion.matrix33 * v': quaternion.matrix33 * ahead,
    'Matrix33.from_z_rotation * v': Matrix33.from_z_rotation(np.radians(30)) * ahead,
    'quaternion.matrix44 * v': Matrix44(quaternion.matrix44) * Vector4([1.0, 0, 0, 1]),
    'quaternion.matrix33 @ v of NumPy': np.array(quaternion.matrix33) @ np.array(ahead),
}
seen = {name: round(float(np.degrees(np.arctan2(vector[1], vector[0]))), 1) for name, vector in left.items()}
print(f'pyrr {version("pyrr")}\n'
      'guess: 30 degrees to the left, all of them\n'
      f'seen:  {seen}')
sys.exit(0 if list(seen.values()) == [30, -30, -30, -30, 30] else 'The behaviour has changed.')
PYTHON
