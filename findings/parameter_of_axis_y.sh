#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Words and numbers in a ROS parameter file: y is true, 08 is a float, 012 is ten.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  'ros-rclpy[fastrtps]==7.1.6' ros-std-msgs==5.3.6 ros-rosgraph-msgs==2.0.3
cd "$work"
unset ROS_PYTHON_CHECK_FIELDS  # as it is by default
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import rclpy
import yaml

scalars = ['x', 'y', 'z', '08', '010', '012', 'inf', '1e-3', '1_000']
with open('parameters.yaml', 'w') as file:
    file.write('/**:\n  ros__parameters:\n')
    file.writelines(f'    p{number}: {scalar}\n' for number, scalar in enumerate(scalars))
rclpy.init(args=['--ros-args', '--params-file', 'parameters.yaml'])
node = rclpy.create_node('mount', automatically_declare_parameters_from_overrides=True)
by_rcl = {scalar: node.get_parameter(f'p{number}').value for number, scalar in enumerate(scalars)}
rclpy.shutdown()
by_pyyaml = {scalar: yaml.safe_load(scalar) for scalar in scalars}
differ = {scalar: (by_rcl[scalar], by_pyyaml[scalar]) for scalar in scalars
          if repr(by_rcl[scalar]) != repr(by_pyyaml[scalar])}
versions = f'rclpy {version("ros-rclpy")}, rcl {version("ros-rcl")}, PyYAML {yaml.__version__}'
guess = "a parameter file is YAML, as PyYAML reads it: axis: y is 'y', as x and z are"
seen = f'rcl and PyYAML: {differ}'
held = (by_rcl['y'] is True and by_rcl['x'] == 'x' and by_rcl['08'] == 8. and by_rcl['012'] == 10
        and by_pyyaml['y'] == 'y')
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
