#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The orientation of a marker, turned by 20 degrees, tilted by 30 and rolled by 40, as the matrix and as the quaternion that it tells.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps april-vision==3.1.0 pyquaternion==0.9.9
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 opencv-python-headless==4.14.0.94 pyapriltags==3.4.3.1 \
  typing-extensions==4.15.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from april_vision.marker import Orientation
from scipy.spatial.transform import Rotation


def both(*angles):
    """Return how far the matrix is from a rotation, and matrix and quaternion from the angles about z, y and x, in degrees."""
    told = Orientation(*np.radians(angles))
    matrix, right = np.array(told.rotation_matrix), Rotation.from_euler('ZYX', angles, degrees=True)
    w, *vector = told.quaternion
    off = Rotation.from_quat([*vector, w]).inv() * right
    return [round(float(number), 3) + 0 for number in (np.linalg.det(matrix), abs(matrix - right.as_matrix()).max(), np.degrees(off.magnitude()))]


plain, seen = both(20, 0, 0), both(20, 30, 40)
print(f'april-vision {version("april-vision")}\n'
      'guess: matrix and quaternion are the same rotation, of determinant 1\n'
      f'seen:  only turned, the determinant is {plain[0]}; turned, tilted and rolled {seen[0]}, parts of the matrix are off by {seen[1]}, and the quaternion by\n'
      f'       {seen[2]} degrees: in the second column the cosine of the pitch is taken for that of the roll')
sys.exit(0 if plain == [1, 0, 0] and abs(seen[0] - 1) > .05 and seen[1] > .05 and seen[2] == 0 else 'The behaviour has changed.')
PYTHON
