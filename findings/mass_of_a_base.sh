#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A robot's base of 3 kg in URDF, converted to MuJoCo's MJCF by two converters.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check urdf2mjcf==0.2.39 urdf-to-mjcf==0.1.1 mujoco==3.16.0 numpy==2.4.6
cd "$work"
cat > robot.urdf <<'URDF'
<robot name="robot">
  <link name="base">
    <inertial><origin xyz="0.05 0 0"/><mass value="3"/><inertia ixx="0.02" iyy="0.03" izz="0.04" ixy="0" ixz="0" iyz="0"/></inertial>
    <collision><geometry><cylinder radius="0.1" length="0.4"/></geometry></collision>
  </link>
  <link name="arm"><inertial><origin xyz="0 0 0"/><mass value="2"/><inertia ixx="0.02" iyy="0.02" izz="0.02" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <joint name="shoulder" type="revolute">
    <parent link="base"/><child link="arm"/><axis xyz="0 0 1"/><limit lower="-1" upper="1" effort="9" velocity="1"/>
  </joint>
</robot>
URDF
"$work/venv/bin/python" - <<'PYTHON' 2> log || { cat log; exit 1; }
import contextlib
import sys
from importlib.metadata import version

import mujoco
from urdf2mjcf.convert import convert_urdf_to_mjcf as first
from urdf_to_mjcf.cli.convert import convert_urdf_to_mjcf as second

seen = []
for number, convert in enumerate((first, second)):
    with contextlib.redirect_stdout(sys.stderr):
        convert('robot.urdf', f'{number}/robot.xml')
    model = mujoco.MjModel.from_xml_path(f'{number}/robot.xml')
    base = model.body('base')
    seen.append([round(float(value), 3) for value in (base.mass[0], base.ipos[0], model.body('arm').mass[0])])
print(f'urdf2mjcf {version("urdf2mjcf")}, urdf-to-mjcf {version("urdf-to-mjcf")}, mujoco {version("mujoco")}\n'
      f'guess: the base weighs 3 kg, 0.05 m in front, and the arm 2 kg\n'
      f'seen:  {seen[0]} by urdf2mjcf, {seen[1]} by urdf-to-mjcf: the inertia of the base is taken out, and MuJoCo takes its shape for water')
sys.exit(0 if seen == [[12.566, 0, 2]] * 2 else 'The behaviour has changed.')
PYTHON
if grep -qi inertia log; then echo 'It is told.' >&2; exit 1; fi
