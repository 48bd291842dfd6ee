#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A gripper's finger that mimics a finger that mimics another: how far it turns.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check urchin==0.0.30 yourdfpy==0.0.60 pin==4.1.0 numpy==2.4.6
cat > "$work/gripper.urdf" <<'URDF'
<robot name="gripper">
  <link name="palm"/><link name="a"/><link name="b"/><link name="c"/>
  <joint name="driven" type="revolute">
    <parent link="palm"/><child link="a"/><axis xyz="0 0 1"/><limit lower="-3" upper="3" effort="1" velocity="1"/>
  </joint>
  <joint name="twice" type="revolute">
    <parent link="palm"/><child link="b"/><axis xyz="0 0 1"/><limit lower="-3" upper="3" effort="1" velocity="1"/>
    <mimic joint="driven" multiplier="2"/>
  </joint>
  <joint name="against" type="revolute">
    <parent link="palm"/><child link="c"/><axis xyz="0 0 1"/><limit lower="-3" upper="3" effort="1" velocity="1"/>
    <mimic joint="twice" multiplier="-1"/>
  </joint>
</robot>
URDF
"$work/venv/bin/python" - "$work/gripper.urdf" 2> /dev/null <<'PYTHON' || { echo 'The behaviour has changed.' >&2; exit 1; }
import sys
from importlib.metadata import version

import numpy as np
import pinocchio
import urchin
import yourdfpy

FILE = sys.argv[1]


def turns(pose_of):
    return {link: round(float(np.arctan2(pose_of(link)[1, 0], pose_of(link)[0, 0])), 6) + 0.0 for link in 'abc'}


poses = urchin.URDF.load(FILE).link_fk(cfg={'driven': 0.5}, use_names=True)
robot = yourdfpy.URDF.load(FILE, load_meshes=False)
robot.update_cfg({'driven': 0.5})
found = {'urchin': turns(poses.get), 'yourdfpy': turns(robot.get_transform)}
free = pinocchio.buildModelFromUrdf(FILE).nq
try:
    pinocchio.buildModelFromUrdf(FILE, mimic=True)
    refused = 'reads it'
except ValueError:
    refused = 'refuses it'
print(f'urchin {version("urchin")}, yourdfpy {version("yourdfpy")}, pin {version("pin")}\n'
      'guess: driven by 0.5, the fingers turn by 0.5, 1.0 and -1.0\n'
      f'seen:  {found}; Pinocchio has {free} free joints, and with mimic=True it {refused}')
wrong = {'a': 0.5, 'b': 1.0, 'c': 0.0}
sys.exit(0 if found == {'urchin': wrong, 'yourdfpy': wrong} and free == 3 and refused == 'refuses it' else 1)
PYTHON
