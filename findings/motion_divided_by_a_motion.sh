#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A motion after another one, divided by it again, and the logarithm of a motion, undone by the exponential.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check dual-quaternions==0.4.0 pyquaternion==0.9.9 \
  numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from dual_quaternions import DualQuaternion
from scipy.spatial.transform import Rotation

TURN, MOVE = [.3, -.2, .5], [1, 2, 3]


def motion(turn, move):
    x, y, z, w = Rotation.from_rotvec(turn).as_quat()
    return DualQuaternion.from_quat_pose_array([w, x, y, z, *move])


def told(dual):
    """Return where a motion leads, and by which rotation vector it turns."""
    turn = Rotation.from_quat([*dual.q_r.vector, dual.q_r.w]).as_rotvec()
    return [round(float(part), 2) + 0 for part in dual.translation()], turn.round(6).tolist()


first, second = motion(TURN, MOVE), motion([-.1, .6, .2], [-1, .5, 2])
right, seen, back = told(first * second * second.inverse()), told(first * second / second), told(first.log().exp())
print(f'dual-quaternions {version("dual-quaternions")}\n'
      f'guess: a motion to {MOVE}, times another one and divided by it, is itself, as by "inverse", {right[0]},\n'
      '       and so is the exponential of its logarithm\n'
      f'seen:  by "/" it leads to {seen[0]}, by "exp" of "log" to {back[0]}; turns are right')
held = right[0] == MOVE and right[1] == seen[1] == back[1] == TURN
held = held and all(np.linalg.norm(np.subtract(way[0], MOVE)) > 1 for way in (seen, back))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
