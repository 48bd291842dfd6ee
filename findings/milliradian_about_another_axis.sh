#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A rotation by one or two milliradians about y, as between two frames of a simulated camera, is told to be about x.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pybullet==3.2.7 scipy==1.17.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import pybullet
from scipy.spatial.transform import Rotation

AXIS = 0, 1, 0


def told(angle):
    """Return the axis and the angle that are told of a quaternion of `angle` about y."""
    axis, back = pybullet.getAxisAngleFromQuaternion(Rotation.from_rotvec(np.multiply(AXIS, angle)).as_quat())
    return np.round(axis, 2).tolist(), round(back, 4)


angles = .1, .003, .002, .001
seen = {angle: told(angle) for angle in angles}
print(f'pybullet {version("pybullet")}\n'
      'guess: the axis is y, as long as single precision tells the quaternion from that of no rotation\n'
      f'seen:  axis and angle, by the angle about y: {seen}')
held = (all(seen[angle][0] == [0, 1, 0] for angle in (.1, .003)) and all(seen[angle][0] == [1, 0, 0] for angle in (.002, .001))
        and abs(seen[.002][1] - .002) < 1e-4)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
