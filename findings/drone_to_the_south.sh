#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The attitude of a drone that flies level to the south, from matrix to quaternion: navpy divides by zero.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check navpy==1.0 scipy==1.17.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import navpy
import numpy as np
from scipy.spatial.transform import Rotation

warnings.simplefilter('ignore')  # NumPy's, of a division


def turned(yaw):
    """Return the quaternion, x y z w, of a level vehicle of that yaw by navpy and by SciPy, from one matrix."""
    to_body = navpy.angle2dcm(np.radians(yaw), 0, 0)
    w, vector = navpy.dcm2quat(to_body)
    return [np.round([*q], 4).tolist() for q in ((*vector, w), Rotation.from_matrix(to_body.T).as_quat())]


seen = {yaw: turned(yaw) for yaw in (90, 179, 180)}
print(f'navpy {version("navpy")}, SciPy {version("scipy")}\n'
      'guess: of yaw 180 the quaternion is 0 0 1 0\n'
      f'seen:  by yaw, navpy and SciPy: {seen}')
held = (all(np.allclose(*seen[yaw], atol=1e-3) for yaw in (90, 179)) and not np.isfinite(seen[180][0]).all()
        and seen[180][1] == [0, 0, 1, 0])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
