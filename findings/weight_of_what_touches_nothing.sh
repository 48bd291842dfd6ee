#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A camera that weighs 3 kg and touches nothing, and a joint without limits, of a MuJoCo model in Pinocchio.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mujoco==4.0.0 pin==4.1.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import mujoco
import numpy as np
import pinocchio

ARM = ('<mujoco><worldbody><body name="arm"><joint name="j" {}/><geom size=".1" mass="3" {}/></body></worldbody></mujoco>')


def loaded(joint, geom):
    """Return the mass and the joint's upper limit, in radians, to MuJoCo and to Pinocchio."""
    text = ARM.format(joint, geom)
    with open('arm.xml', 'w') as file:
        file.write(text)
    model, other = mujoco.MjModel.from_xml_string(text), pinocchio.buildModelFromMJCF('arm.xml')
    limit = float(model.jnt_range[0, 1]) if model.jnt_limited[0] else np.inf
    return (float(model.body_mass[1]), round(limit, 3)), (other.inertias[1].mass, round(float(other.upperPositionLimit[0]), 3))


seen = {name: loaded(*given) for name, given in {
    'as it is': ('', ''), 'it touches nothing': ('', 'contype="0" conaffinity="0"'),
    'within 10 degrees': ('range="-10 10"', ''), 'these not in force': ('limited="false" range="-10 10"', '')}.items()}
print(f'mujoco {version("mujoco")}, Pinocchio {version("pin")}\n'
      'guess: mass and upper limit are the same to both\n'
      f'seen:  {seen}')
same = all(seen[name][0] == seen[name][1] for name in ('as it is', 'within 10 degrees'))
held = (same and seen['it touches nothing'] == ((3, np.inf), (0, np.inf)) and seen['these not in force'] == ((3, np.inf), (3, .175)))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
