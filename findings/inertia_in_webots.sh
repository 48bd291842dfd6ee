#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A link of a URDF whose inertial frame is turned by 40 degrees about z, and one that mimics its joint, converted for Webots by urdf2webots
# and read by Pinocchio.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check urdf2webots==2025.0.0 pin==4.1.0 numpy==2.4.6
cd "$work"
cat > arm.urdf <<'URDF'
<robot name="arm">
  <link name="base"/>
  <link name="beam">
    <inertial><origin xyz="0.1 0.2 0.3" rpy="0 0 0.698131700797732"/><mass value="3"/>
      <inertia ixx="1" iyy="3" izz="3.5" ixy="0" ixz="0" iyz="0"/></inertial>
  </link>
  <link name="finger">
    <inertial><origin xyz="0.1 0.2 0.3"/><mass value="3"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
  </link>
  <joint name="shoulder" type="revolute"><parent link="base"/><child link="beam"/><axis xyz="0 0 1"/>
    <limit lower="-1" upper="1" effort="1" velocity="1"/></joint>
  <joint name="follower" type="revolute"><parent link="beam"/><child link="finger"/><axis xyz="0 0 1"/>
    <limit lower="-1" upper="1" effort="1" velocity="1"/><mimic joint="shoulder" multiplier="-1"/></joint>
</robot>
URDF
"$work/venv/bin/python" - > log.txt <<'PYTHON'
from urdf2webots.importer import convertUrdfFile

convertUrdfFile(input='arm.urdf', output='Arm.proto')
PYTHON
"$work/venv/bin/python" - <<'PYTHON'
import re
import sys
from importlib.metadata import version

import numpy as np
import pinocchio

proto = open('Arm.proto').read()
told = [[float(number) for number in text.split()] for text in re.findall(r'inertiaMatrix \[([^]]*)\]', proto)]
model = pinocchio.buildModelFromUrdf('arm.urdf')
inertia = model.inertias[1].inertia
other = [round(float(inertia[at]), 3) for at in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))]
own = np.round(told[0], 3).tolist()
print(f'urdf2webots {version("urdf2webots")}, pin {version("pin")}\n'
      f'guess: the inertia of the beam is {other}, as by Pinocchio; that of the finger is there, and that it follows is said\n'
      f'seen:  {own}, turned the other way; the finger\'s, which is 1, 1 and 1, is {"there" if len(told) > 1 else "left out"}, '
      f'mimic is {"there" if "shoulder" in proto.split("follower")[1] else "left out"}')
held = (np.allclose(other, [1.826, 2.174, 3.5, -.985, 0, 0], atol=.01) and np.allclose(own, [1.826, 2.174, 3.5, .985, 0, 0], atol=.01)
        and len(told) == 1 and 'shoulder' not in proto.split('follower')[1])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
