#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A node's parameters, read and put back unchanged, as a dump that is loaded again: it is refused.
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
from rcl_interfaces.msg import ParameterDescriptor

rclpy.init()
node = rclpy.create_node('camera')
node.declare_parameter('rate', 30.)
node.declare_parameter('device', '/dev/video0', ParameterDescriptor(read_only=True))
names = ['rate', 'device']
one_by_one = {result.reason or 'taken' for result in node.set_parameters(node.get_parameters(names))}
at_once = node.set_parameters_atomically(node.get_parameters(names))
rclpy.shutdown()
versions = f'rclpy {version("ros-rclpy")}'
guess = 'a read-only parameter cannot be changed, and this is no change: all are taken'
seen = f'one by one {sorted(one_by_one)}, at once {at_once.successful}: {at_once.reason}'
held = len(one_by_one) == 2 and not at_once.successful
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
