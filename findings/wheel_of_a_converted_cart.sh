#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A cart in MuJoCo's MJCF, with a wheel without limits and an arm of three joints, converted to URDF.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mjcf-urdf-simple-converter==0.7.3 mujoco==3.16.0 numpy==2.4.6 \
  scipy==1.17.1 yourdfpy==0.0.60
cd "$work"
cat > cart.xml <<'XML'
<mujoco>
  <worldbody>
    <body name="cart">
      <geom type="box" size=".1 .1 .1"/>
      <body name="wheel" pos=".2 0 0"><joint name="axle" axis="0 1 0"/><geom size=".1"/></body>
      <body name="arm" pos="0 0 1">
        <joint name="yaw" axis="0 0 1" pos=".1 0 0" range="-90 90"/>
        <joint name="pitch" axis="0 1 0" pos=".2 0 0" range="-90 90"/>
        <joint name="roll" axis="1 0 0" pos=".3 0 .1" range="-90 90"/>
        <geom size=".1"/>
      </body>
    </body>
  </worldbody>
</mujoco>
XML
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import mujoco
import numpy as np
from mjcf_urdf_simple_converter import convert
from yourdfpy import URDF

convert('cart.xml', 'cart.urdf')
robot = URDF.load('cart.urdf', load_meshes=False)
axle, yaw = (robot.joint_map[name] for name in ('axle', 'yaw'))
model = mujoco.MjModel.from_xml_path('cart.xml')
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
there = data.body('arm').xpos.round(3).tolist()
robot.update_cfg(np.zeros(len(robot.actuated_joints)))
place = (robot.get_transform('arm', 'cart')[:3, 3].round(3) + 0).tolist()
print(f'mjcf-urdf-simple-converter {version("mjcf-urdf-simple-converter")}, mujoco {version("mujoco")}, yourdfpy {version("yourdfpy")}\n'
      f'guess: the wheel turns for ever, "continuous", and the arm at rest is at {there}\n'
      f'seen:  the wheel is "{axle.type}" from {axle.limit.lower} to {axle.limit.upper}, so it is fast, and the arm is at {place}: '
      'of more than two joints the third one is misplaced')
held = not model.jnt_limited[0] and (axle.type, axle.limit.lower, axle.limit.upper) == ('revolute', 0, 0) and round(yaw.limit.upper, 3) == 1.571
sys.exit(0 if held and there == [0, 0, 1] and place == [-.1, 0, 1] else 'The behaviour has changed.')
PYTHON
