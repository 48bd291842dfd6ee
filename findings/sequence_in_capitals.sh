#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Where a body of MuJoCo points, to MuJoCo and to Pinocchio.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mujoco==4.0.0 pin==4.1.0 numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import mujoco
import numpy as np
import pinocchio
from scipy.spatial.transform import Rotation

TURNS = {  # the compiler's and the body's attributes
    'euler, xyz': ('eulerseq="xyz"', 'euler="30 20 10"'),
    'euler, XYZ': ('eulerseq="XYZ"', 'euler="30 20 10"'),
    'axis 0 0 1': ('', 'axisangle="0 0 1 40"'),
    'axis 0 0 2': ('', 'axisangle="0 0 2 40"'),
    'quaternion 2 0 0 2': ('', 'quat="2 0 0 2"'),
}


def apart(compiler, body):
    """Return by how many degrees the two have the hand turned from each other, and what Pinocchio's matrix is off a rotation."""
    text = (f'<mujoco><compiler {compiler}/><worldbody><body name="arm"><joint name="j"/><geom size=".1"/>'
            f'<body name="hand" {body}><geom size=".1"/></body></body></worldbody></mujoco>')
    with open('arm.xml', 'w') as file:
        file.write(text)
    model, other = mujoco.MjModel.from_xml_string(text), pinocchio.buildModelFromMJCF('arm.xml')
    state, data = mujoco.MjData(model), other.createData()
    mujoco.mj_forward(model, state)
    pinocchio.framesForwardKinematics(other, data, np.zeros(1))
    one, two = state.body('hand').xmat.reshape(3, 3), data.oMf[other.getFrameId('hand')].rotation
    return (round(float(np.degrees((Rotation.from_matrix(one).inv() * Rotation.from_matrix(two)).magnitude())), 1),
            round(float(np.abs(two @ two.T - np.eye(3)).max()), 1))


seen = {name: apart(*turn) for name, turn in TURNS.items()}
print(f'mujoco {version("mujoco")}, Pinocchio {version("pin")}\n'
      'guess: the same: 0 degrees apart, and a rotation\n'
      f'seen:  {seen}')
same = all(seen[name] == (0, 0) for name in ('euler, xyz', 'axis 0 0 1', 'quaternion 2 0 0 2'))
sys.exit(0 if same and seen['euler, XYZ'][0] > 5 and seen['axis 0 0 2'][1] > .5 else 'The behaviour has changed.')
PYTHON
