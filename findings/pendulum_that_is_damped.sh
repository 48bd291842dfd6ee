#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A pendulum in a URDF whose joint has damping or friction, pushed and let swing for 8 s.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check robox3d==0.1.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import robox3d

URDF = '''<robot name="pendulum"><link name="base"/><link name="rod">
<inertial><origin xyz="0 0 -.5"/><mass value="2"/>
<inertia ixx=".5" ixy="0" ixz="0" iyy=".5" iyz="0" izz=".1"/></inertial>
<collision><origin xyz="0 0 -.5"/><geometry><box size=".02 .02 .9"/></geometry></collision></link>
<joint name="pivot" type="continuous"><parent link="base"/><child link="rod"/><origin xyz="0 0 2"/><axis xyz="0 1 0"/>
<dynamics {}/></joint></robot>'''
STEP = 1 / 960


def swings(dynamics):
    """Return how far it swings in the first and in the last two seconds, in degrees."""
    with open('pendulum.urdf', 'w') as file:
        file.write(URDF.format(dynamics))
    with robox3d.World() as world:
        robot = robox3d.load_urdf(world, 'pendulum.urdf')
        robot.enable_torque_control()
        angles = []
        for step in range(8 * 960):
            robot.set_torques([20. if step < 96 else 0.])
            world.step(STEP)
            angles.append(float(robot.positions()[0]))
    return [round(float(np.degrees(max(part))), 1) for part in (angles[:2 * 960], angles[-2 * 960:])]


seen = {dynamics: swings(dynamics) for dynamics in ('', 'damping="0.5"', 'friction="0.5"')}
first = seen[''][0]
last = first * np.exp(-.25 * 6)
print(f'robox3d {version("robox3d")}\n'
      f'guess: with a damping of 0.5 a swing of {first} degrees is about {last:.0f} six seconds later\n'
      f'seen:  first and last, by "dynamics": {seen}: it is passed over')
sys.exit(0 if first > 20 and all(way == seen[''] for way in seen.values()) else 'The behaviour has changed.')
PYTHON
