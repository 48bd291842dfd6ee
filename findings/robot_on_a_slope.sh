#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A robot in MuJoCo's MJCF whose bodies are turned by Euler angles and by an axis and an angle, loaded by MuJoCo and by PyBullet.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pybullet==3.2.7 mujoco==3.16.0 numpy==2.4.6
cd "$work"
cat > robot.xml <<'XML'
<mujoco>
  <worldbody>
    <body name="base" pos="0 0 1" euler="0 30 0">
      <geom type="box" size=".1 .2 .3" mass="5"/>
      <body name="arm" pos="1 0 0" axisangle="0 0 1 90">
        <joint name="shoulder" type="hinge" axis="0 0 1" limited="true" range="-60 120"/>
        <geom type="sphere" size=".1" mass="3"/>
        <body name="tip" pos="1 0 0" quat=".7071068 0 0 .7071068">
          <inertial pos="0 0 0" mass="2" diaginertia=".1 .2 .3"/>
          <geom type="sphere" size=".1"/>
        </body>
      </body>
    </body>
  </worldbody>
</mujoco>
XML
"$work/venv/bin/python" - <<'PYTHON' 2> log || { cat log; exit 1; }
import sys
from importlib.metadata import version

import mujoco
import numpy as np
import pybullet

model = mujoco.MjModel.from_xml_path('robot.xml')
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
guess = [data.body('tip').xpos.round(2).tolist(), model.jnt_range[0].round(2).tolist(),
         [round(float(model.body(name).mass[0]), 1) for name in ('base', 'arm', 'tip')]]
pybullet.connect(pybullet.DIRECT)
robot = next(body for body in pybullet.loadMJCF('robot.xml') if pybullet.getNumJoints(body))
joints = {info[12].decode(): info for info in (pybullet.getJointInfo(robot, joint) for joint in range(pybullet.getNumJoints(robot)))}
tip = joints['tip'][0]
shoulder = next(info for info in joints.values() if info[1] == b'shoulder')
masses = [pybullet.getDynamicsInfo(robot, link)[0] for link in (-1, joints['arm'][0], tip)]
inertia = np.round(pybullet.getDynamicsInfo(robot, tip)[2], 3).tolist()
seen = [np.round(pybullet.getLinkState(robot, tip)[4], 2).tolist(), np.round(shoulder[8:10], 2).tolist(), np.round(masses, 1).tolist()]
print(f'pybullet {version("pybullet")}, mujoco {version("mujoco")}\n'
      f'guess: tip, limits and masses by loadMJCF are those of MuJoCo, {guess}, the tip has an inertia of .1 .2 .3\n'
      f'seen:  {seen} and {inertia}: euler and axisangle, mass of a geom and diaginertia are passed over, degrees are '
      'taken for radians; quat and the mass of an inertial are as they should be')
held = guess == [[.87, 1, .5], [-1.05, 2.09], [5, 3, 2]] and seen == [[2, 0, 1], [-60, 120], [48, 4.2, 2]]
sys.exit(0 if held and inertia != [.1, .2, .3] else 'The behaviour has changed.')
PYTHON
