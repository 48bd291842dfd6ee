#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A door of 1 m, hinged at its edge in MuJoCo's MJCF, with a handle near the other edge, converted to URDF, and a joint
# with friction converted to MJCF.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check truerig==0.1.1 mujoco==3.16.0 numpy==2.4.6 \
  scipy==1.17.1 trimesh==5.2.0 yourdfpy==0.0.60
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import subprocess

import mujoco
import numpy as np
import yourdfpy

MJCF = '''<mujoco model="door"><compiler angle="degree"/><worldbody>
<body name="frame"><geom type="box" size=".05 .05 1" mass="5"/>
<body name="door" pos=".5 0 0"><joint name="hinge" axis="0 0 1" pos="-.5 0 0" range="0 90"{}/>
<geom type="box" size=".5 .02 1" mass="10"/>
<body name="handle" pos=".4 0 0"><geom type="sphere" size=".03" mass=".2"/></body></body></body></worldbody></mujoco>'''
LINK = '''<link name="{}"><inertial><mass value="2"/>
<inertia ixx="1" ixy="0" ixz="0" iyy="1" iyz="0" izz="1"/></inertial></link>'''
URDF = f'''<robot name="arm">{LINK.format('base')}{LINK.format('arm')}<joint name="hinge" type="revolute">
<parent link="base"/><child link="arm"/><axis xyz="0 0 1"/><limit lower="-1" upper="1" effort="10" velocity="3"/>
<dynamics damping="0.5" friction="0.2"/></joint></robot>'''


def convert(text, source, target):
    """Convert a model and return the verdict."""
    with open(source, 'w') as file:
        file.write(text)
    command = [f'{sys.prefix}/bin/truerig', 'convert', source, target]
    return subprocess.run(command, capture_output=True, text=True).stdout.split('verdict: ')[1].split('\n')[0]


def open_door(reference):
    """Return the verdict and where the handle is, with the hinge at 90 degrees, in MJCF and in URDF."""
    verdict = convert(MJCF.format(reference), 'door.xml', 'door.urdf')
    model = mujoco.MjModel.from_xml_path('door.xml')
    data = mujoco.MjData(model)
    data.qpos[0] = np.pi / 2
    mujoco.mj_forward(model, data)
    door = yourdfpy.URDF.load('door.urdf', load_meshes=False)
    door.update_cfg({'hinge': np.pi / 2})
    places = data.body('handle').xpos, door.get_transform('handle')[:3, 3]
    return verdict, *([round(float(part), 2) + 0 for part in place] for place in places)


verdict, right, seen = open_door('')
_, turned, same = open_door(' ref="30"')
rubs = convert(URDF, 'arm.urdf', 'arm.xml')
arm = mujoco.MjModel.from_xml_path('arm.xml')
print(f'truerig {version("truerig")}, mujoco {mujoco.__version__}\n'
      f'guess: an open door has its handle at {right}, and with a reference of 30 degrees at {turned}; friction\n'
      '       of 0.2 and damping of 0.5 stay; or the report of fidelity says what is lost\n'
      f'seen:  {seen} and {same}: the door turns about its middle; friction {arm.dof_frictionloss[0]}, damping\n'
      f'       {arm.dof_damping[0]}; and what is said is "{verdict}" and "{rubs}"')
held = right == [0, .9, 0] and turned == [.45, .78, 0] and seen == same == [.5, .4, 0]
held = held and verdict.split() == rubs.split()[:1] + ['errors=0', 'warnings=0', 'notes=0'] and 'warnings=0' in rubs
held = held and arm.dof_frictionloss[0] == 0 and arm.dof_damping[0] == .5
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
