#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A URDF joint without an axis, which is about x by the format's default.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check kinpy==0.6.1 yourdfpy==0.0.60 pin==4.1.0 ikpy==4.2.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import kinpy
import numpy as np
import pinocchio
from ikpy.chain import Chain
from yourdfpy import URDF

warnings.simplefilter('ignore')
TEXT = '''<robot name="r"><link name="a"/><link name="b"/><link name="c"/>
<joint name="j" type="revolute"><parent link="a"/><child link="b"/><limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
<joint name="k" type="fixed"><parent link="b"/><child link="c"/><origin xyz="0 1 0"/></joint></robot>'''
with open('robot.urdf', 'w') as file:
    file.write(TEXT)
angle = np.pi / 2
model = pinocchio.buildModelFromUrdf('robot.urdf')
data = model.createData()
pinocchio.framesForwardKinematics(model, data, np.array([angle]))
robot = URDF.load('robot.urdf')
robot.update_cfg({'j': angle})
tips = {
    'Pinocchio': data.oMf[model.getFrameId('c')].translation,
    'yourdfpy': robot.get_transform('c', 'a')[:3, 3],
    'ikpy': Chain.from_urdf_file('robot.urdf', base_elements=['a']).forward_kinematics([0, angle, 0])[:3, 3],
    'kinpy': kinpy.build_chain_from_urdf(TEXT).forward_kinematics({'j': angle})['c'].pos,
}
tips = {name: (np.asarray(tip).round(6) + 0.0).tolist() for name, tip in tips.items()}
print(', '.join(f'{name} {version(name)}' for name in ('kinpy', 'pin', 'yourdfpy', 'ikpy')) + '\n'
      'guess: at 90 degrees the tip, 1 m to the left, points up to everybody: (0, 0, 1)\n'
      f'seen:  {"; ".join(f"{name} {tip}" for name, tip in tips.items())}')
held = tips.pop('kinpy') == [-1, 0, 0] and all(tip == [0, 0, 1] for tip in tips.values())
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
