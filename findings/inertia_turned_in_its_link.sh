#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A slender rod along x, written as one along z whose inertial frame is turned by 90 degrees, as the format has it, on a joint about z.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 urdf2casadi==1.0.0 casadi==3.8.2 pin==4.1.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import pinocchio
from urdf2casadi import urdfparser

URDF = '''<robot name="arm"><link name="base"/><link name="rod"><inertial><origin xyz="0.5 0 0" rpy="{rpy}"/><mass value="12"/>
<inertia ixx="{ixx}" iyy="1" izz="{izz}" ixy="0" ixz="0" iyz="0"/></inertial></link><link name="tip"/>
<joint name="turn" type="revolute"><origin xyz="0 0 0"/><parent link="base"/><child link="rod"/><axis xyz="0 0 1"/>
<limit lower="-3" upper="3" effort="9" velocity="9"/></joint>
<joint name="fixed" type="fixed"><parent link="rod"/><child link="tip"/><origin xyz="1 0 0"/></joint></robot>'''


def inertia(**values):
    text = URDF.format(**values)
    parser = urdfparser.URDFparser()
    parser.from_string(text)
    model = pinocchio.buildModelFromXML(text)
    return [round(float(value), 3) for value in (parser.get_inertia_matrix_crba('base', 'tip')([0.])[0, 0],
                                                 pinocchio.crba(model, model.createData(), np.zeros(1))[0, 0])]


turned, straight = inertia(rpy='0 1.5707963267948966 0', ixx=1, izz=0), inertia(rpy='0 0 0', ixx=0, izz=1)
print(f'urdf2casadi {version("urdf2casadi")}, pin {pinocchio.__version__}\n'
      f'guess: 12 kg and 1 m about its end are 4 kg m2, however the rod is written\n'
      f'seen:  {turned[0]} and {straight[0]} by urdf2casadi, {turned[1]} and {straight[1]} by Pinocchio')
sys.exit(0 if turned == [3, 4] and straight == [4, 4] else 'The behaviour has changed.')
PYTHON
