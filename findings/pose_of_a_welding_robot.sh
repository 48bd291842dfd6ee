#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A pose to the numbers that a maker's controller shows and back, for ten makers, by one package. One pair is no pair.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 robodk==6.0.2
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version
from math import radians

import numpy as np
from robodk import robomath

MAKERS = 'Adept', 'Comau', 'Fanuc', 'KUKA', 'Motoman', 'Nachi', 'Staubli', 'Techman', 'UR'


def pose(roll, pitch, yaw):
    return robomath.transl(1, 2, 3) * robomath.rotz(radians(yaw)) * robomath.roty(radians(pitch)) * robomath.rotx(radians(roll))


def array(matrix):
    return np.array([[matrix[row, column] for column in range(4)] for row in range(4)])


wanted = pose(10, 20, 30)
off = {}
for maker in MAKERS:
    back = getattr(robomath, f'{maker}_2_Pose')(getattr(robomath, f'Pose_2_{maker}')(wanted))
    turn = np.clip((np.trace(array(wanted)[:3, :3].T @ array(back)[:3, :3]) - 1) / 2, -1, 1)
    off[maker] = round(float(np.degrees(np.arccos(turn))), 3)
nachi = np.round(robomath.Pose_2_Nachi(wanted), 3).tolist()
read = np.allclose(array(robomath.Nachi_2_Pose(nachi)), array(pose(30, 20, 10)))
print(f'robodk {version("robodk")}\n'
      f'guess: each pair undoes itself, 0 degrees off\n'
      f'seen:  {off}; roll 10, pitch 20, yaw 30 are written as {nachi} for a Nachi, and read as roll 30, pitch 20, yaw 10: {read}')
held = off.pop('Nachi') > 25 and max(off.values()) < .001 and nachi == [1, 2, 3, 30, 20, 10] and read
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
