#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The frames of a robot's URDF in MuJoCo: those that are fixed, base and camera, are gone.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mujoco==4.0.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import mujoco

MASS = '<inertial><mass value="{}"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>'
URDF = f'''
<robot name="robot">
  <link name="base_link">{MASS.format(5)}</link>
  <link name="arm">{MASS.format(1)}</link>
  <link name="camera_link">{MASS.format(0.25)}</link>
  <link name="camera_optical_frame"/>
  <joint name="turn" type="revolute">
    <parent link="base_link"/><child link="arm"/><axis xyz="0 0 1"/>
    <limit lower="-1" upper="1" effort="1" velocity="1"/>
  </joint>
  <joint name="mount" type="fixed"><parent link="arm"/><child link="camera_link"/><origin xyz="0.1 0 0"/></joint>
  <joint name="optical" type="fixed">
    <parent link="camera_link"/><child link="camera_optical_frame"/><origin rpy="-1.5708 0 -1.5708"/>
  </joint>
</robot>'''
model = mujoco.MjModel.from_xml_string(URDF)
bodies = [model.body(i).name for i in range(model.nbody)]
mass = sum(model.body_mass)
guess = 'four links are four bodies, and data.body("camera_link") says where the camera is'
seen = f'bodies {bodies}, {model.nsite} sites; {mass} kg of the 6.25 are left, as the base is part of the world'
held = bodies == ['world', 'arm'] and model.nsite == 0 and mass == 1.25
print(f'mujoco {version("mujoco")}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
