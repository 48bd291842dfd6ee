#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An arm in SDFormat 1.7, whose place is told relative to a frame of the model, loaded by PyBullet.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pybullet==3.2.7 numpy==2.4.6
cd "$work"
cat > arm.sdf <<'XML'
<?xml version="1.0"?>
<sdf version="1.7">
  <world name="hall">
    <model name="robot">
      <frame name="mount"><pose>0 0 1 0 0 1.5707963</pose></frame>
      <link name="base"><inertial><mass>5</mass><inertia><ixx>1</ixx><iyy>1</iyy><izz>1</izz></inertia></inertial></link>
      <link name="arm"><pose relative_to="mount">0.5 0 0 0 0 0</pose><inertial><mass>2</mass><inertia><ixx>1</ixx><iyy>1</iyy><izz>1</izz></inertia></inertial></link>
      <link name="tip"><pose relative_to="arm">0.5 0 0 0 0 0</pose><inertial><mass>1</mass><inertia><ixx>1</ixx><iyy>1</iyy><izz>1</izz></inertia></inertial></link>
      <joint name="shoulder" type="revolute">
        <parent>base</parent><child>arm</child><axis><xyz>0 0 1</xyz><limit><lower>-1</lower><upper>1</upper></limit></axis>
      </joint>
      <joint name="wrist" type="revolute">
        <parent>arm</parent><child>tip</child><axis><xyz>0 0 1</xyz><limit><lower>-1</lower><upper>1</upper></limit></axis>
      </joint>
    </model>
  </world>
</sdf>
XML
"$work/venv/bin/python" - <<'PYTHON' 2> log || { cat log; exit 1; }
import sys
from importlib.metadata import version

import numpy as np
import pybullet

pybullet.connect(pybullet.DIRECT)
robot, = pybullet.loadSDF('arm.sdf')
base = np.array(pybullet.getBasePositionAndOrientation(robot)[0])
seen = {}
for joint in range(pybullet.getNumJoints(robot)):
    name = pybullet.getJointInfo(robot, joint)[12].decode()
    seen[name] = (np.round(np.array(pybullet.getLinkState(robot, joint)[4]) - base, 3) + 0).tolist()
print(f'pybullet {version("pybullet")}\n'
      "guess: {'arm': [0.0, 0.5, 1.0], 'tip': [0.0, 1.0, 1.0]}: the mount is 1 m high and turned by 90 degrees\n"
      f'seen:  {seen}: relative_to and frames are passed over, and each place is one in the model')
sys.exit(0 if seen == {'arm': [.5, 0, 0], 'tip': [.5, 0, 0]} else 'The behaviour has changed.')
PYTHON
