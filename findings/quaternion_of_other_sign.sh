#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A rotation by 0.2 and the same one with the signs turned: three packages go the long way round.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  numpy==2.4.6 scipy==1.17.1 numpy-quaternion==2024.0.13 transforms3d==0.4.2 pytransform3d==3.17.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import quaternion
from pytransform3d.rotations import compact_axis_angle_from_quaternion, quaternion_slerp
from scipy.spatial.transform import Rotation, Slerp
from transforms3d.quaternions import quat2axangle


def about_z(angle):
    return np.array([np.cos(angle / 2), 0, 0, np.sin(angle / 2)])


same = -about_z(.2)  # drivers send either sign
axis, angle = quat2axangle(same)
ends = about_z(.2), -about_z(.4)
slerp = Slerp([0, 1], Rotation.from_quat(ends, scalar_first=True))
turns = {
    'SciPy': Rotation.from_quat(same, scalar_first=True).as_rotvec()[2],
    'transforms3d': axis[2] * angle,
    'numpy-quaternion': quaternion.as_rotation_vector(quaternion.from_float_array(same))[2],
    'half-way, SciPy': slerp(.5).as_rotvec()[2],
    'half-way, pytransform3d': compact_axis_angle_from_quaternion(quaternion_slerp(*ends, .5))[2],
}
turns = {name: round(float(turn), 3) for name, turn in turns.items()}
versions = ', '.join(f'{name} {version(name)}' for name in ('transforms3d', 'numpy-quaternion', 'pytransform3d'))
guess = 'both signs are one rotation: 0.2 about z, and 0.3 half-way between 0.2 and 0.4'
seen = f'about z: {turns}'
held = turns == {'SciPy': .2, 'transforms3d': -6.083, 'numpy-quaternion': -6.083, 'half-way, SciPy': .3,
                 'half-way, pytransform3d': -2.842}
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
