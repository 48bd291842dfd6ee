#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A cup in the frame of a robot that is turned to the left, moved along an axis of the world, and turned by 90 degrees about
# each of them.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check posetree==1.1.2 numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from posetree import CustomFramePoseTree, Pose, Transform
from scipy.spatial.transform import Rotation


class Tree(CustomFramePoseTree):
    def _get_transform(self, parent_frame, child_frame, timestamp=None):
        raise NotImplementedError


tree = Tree()
tree.add_frame(Pose(Transform([1, 0, 0], Rotation.from_euler('z', 90, degrees=True)), 'world', tree), 'robot')
cup = Pose(Transform([1, 0, 0], Rotation.identity()), 'robot', tree)
before = cup.in_frame('world')
move = (cup.translate([1, 0, 0], frame='world').in_frame('world').position - before.position).round(3).tolist()
seen = []
for axis in np.eye(3):
    after = cup.rotate_about_axis(axis, 90, degrees=True, frame='world').in_frame('world')
    turn = (after.rotation * before.rotation.inv()).as_rotvec(degrees=True)
    seen.append([round(float(part), 1) + 0 for part in turn])
print(f'posetree {version("posetree")}\n'
      f'guess: in the frame "world" it is turned by [90, 0, 0], [0, 90, 0] and [0, 0, 90], as it is moved by {move}\n'
      f'seen:  by {seen}: the turn from one frame to the other is taken the wrong way')
held = move == [1, 0, 0] and seen == [[-90, 0, 0], [0, -90, 0], [0, 0, 90]]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
