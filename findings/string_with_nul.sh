#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A std_msgs/String with a zero byte in it, as some devices answer: rclpy sends what stands before it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  'ros-rclpy[fastrtps]==7.1.6' ros-std-msgs==5.3.6 ros-rosgraph-msgs==2.0.3 \
  numpy==2.4.6 rosbags==0.11.9
cd "$work"
unset ROS_PYTHON_CHECK_FIELDS  # as it is by default
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from rclpy.serialization import deserialize_message, serialize_message
from rosbags.typesys import Stores, get_typestore
from std_msgs.msg import String

text = 'T=21.5\0H=40'
by_rclpy = deserialize_message(serialize_message(String(data=text)), String).data
store = get_typestore(Stores.ROS2_JAZZY)
cdr = store.serialize_cdr(store.types['std_msgs/msg/String'](text), 'std_msgs/msg/String')
by_rosbags = store.deserialize_cdr(cdr, 'std_msgs/msg/String').data
crossed = deserialize_message(cdr.tobytes(), String).data
versions = f'rclpy {version("ros-rclpy")}, rosbags {version("rosbags")}'
guess = f'a string of CDR has its length in front: {text!r} arrives, or is refused as a zero in a string field would be'
seen = f'rclpy {by_rclpy!r}, rosbags {by_rosbags!r}, written by rosbags and read by rclpy {crossed!r}'
held = by_rclpy == 'T=21.5' and by_rosbags == text
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
