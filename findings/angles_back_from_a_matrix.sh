#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A rotation turned to angles and back, by the package's own pair of functions, for two of the three sequences that it knows.
# The lean of a wrist or camera is gone without a word, or two of its angles have changed places.
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
from skinematics import rotmat


def back(angles, axes, name):
    """Return the angles of the matrix that these angles give, and how far these two are apart, in degrees."""
    matrix = Rotation.from_euler(axes, angles, degrees=True)
    told = np.degrees(rotmat.sequence(matrix.as_matrix(), name))
    again = Rotation.from_quat(rotmat.seq2quat(told, name)[0], scalar_first=True)
    return np.round(told, 1).tolist(), round(float(np.degrees((matrix.inv() * again).magnitude())), 1)


seen = {f'{name} {angles}': back(angles, axes, name) for name, axes, angles in (
    ('Fick', 'ZYX', (120, 20, 10)), ('Euler', 'ZXZ', (60, 20, 10)), ('Euler', 'ZXZ', (120, 20, 10)),
    ('Helmholtz', 'YZX', (30, 20, 10)))}
print(f'scikit-kinematics {version("scikit-kinematics")}\n'
      'guess: seq2quat of what sequence tells is the rotation that it was told of\n'
      'seen:  ' + '; '.join(f'{name} comes back as {angles}, {off} degrees off' for name, (angles, off) in seen.items()))
fick, near, lean, swapped = seen.values()
held = (fick[1] == near[1] == 0 and lean[0][:2] == [0, 0] and lean[1] > 70 and swapped[0] == [20, 30, 10]
        and swapped[1] > 10)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
