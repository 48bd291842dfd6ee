#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A finger that mimics half of a motor's angle in URDF, converted to an equality of MuJoCo's MJCF.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check urdf-to-mjcf==0.1.1 mujoco==3.16.0 numpy==2.4.6
cd "$work"
cat > gripper.urdf <<'URDF'
<robot name="gripper">
  <link name="base"><collision><geometry><sphere radius="0.1"/></geometry></collision></link>
  <link name="crank"><inertial><mass value="1"/><inertia ixx="0.02" iyy="0.02" izz="0.02" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <link name="tip"><inertial><mass value="1"/><inertia ixx="0.02" iyy="0.02" izz="0.02" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <joint name="motor" type="revolute">
    <parent link="base"/><child link="crank"/><axis xyz="0 0 1"/><limit lower="-2" upper="2" effort="9" velocity="1"/>
  </joint>
  <joint name="finger" type="revolute">
    <parent link="crank"/><child link="tip"/><axis xyz="0 0 1"/><limit lower="-2" upper="2" effort="9" velocity="1"/>
    <mimic joint="motor" multiplier="0.5" offset="0.1"/>
  </joint>
</robot>
URDF
"$work/venv/bin/python" - <<'PYTHON' 2> log || { cat log; exit 1; }
import contextlib
import sys
from importlib.metadata import version

import mujoco
from urdf_to_mjcf.cli.convert import convert_urdf_to_mjcf

with contextlib.redirect_stdout(sys.stderr):
    convert_urdf_to_mjcf('gripper.urdf', 'there/gripper.xml')
model = mujoco.MjModel.from_xml_path('there/gripper.xml')
data = mujoco.MjData(model)


def off(motor, finger):
    mujoco.mj_resetData(model, data)
    data.joint('motor').qpos, data.joint('finger').qpos = motor, finger
    mujoco.mj_forward(model, data)
    assert data.efc_type[0] == mujoco.mjtConstraint.mjCNSTR_EQUALITY
    return round(abs(float(data.efc_pos[0])), 3)


asked, other = off(1, .6), off(1, 1.8)
print(f'urdf-to-mjcf {version("urdf-to-mjcf")}, mujoco {version("mujoco")}\n'
      f'guess: for a motor at 1 the finger is held at 0.1 + 0.5 * 1 = 0.6, and at 1.8 it would be 1.2 off\n'
      f'seen:  at 0.6 it is {asked} off, at 1.8 it is {other} off: it is the motor that is held at 0.1 + 0.5 times the finger')
sys.exit(0 if (asked, other) == (.6, 0) else 'The behaviour has changed.')
PYTHON
