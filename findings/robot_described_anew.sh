#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A robot in URDF that is loaded by PyBullet, calibrated, written to the same file again, and loaded again.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pybullet==3.2.7 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

import pybullet


def write(mass):
    Path('robot.urdf').write_text(f'<robot name="robot"><link name="base"><inertial><mass value="{mass}"/>'
                                  '<inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial></link></robot>')


def load():
    return pybullet.getDynamicsInfo(pybullet.loadURDF('robot.urdf'), -1)[0]


pybullet.connect(pybullet.DIRECT)
write(1)
first = load()
write(22)
again = load()
pybullet.resetSimulation()
reset = load()
pybullet.setPhysicsEngineParameter(enableFileCaching=0)
asked = load()
print(f'pybullet {version("pybullet")}\n'
      f'guess: {first} kg, and 22.0 once the file says so\n'
      f'seen:  {first}, {again}, and {reset} after resetSimulation: files are kept by their name; {asked} with enableFileCaching=0')
sys.exit(0 if (first, again, reset, asked) == (1, 1, 1, 22) else 'The behaviour has changed.')
PYTHON
