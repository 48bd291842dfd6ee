#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A JointState of positions alone, serialised by rclpy: longer than what is sent, and than rosbags takes.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  'ros-rclpy[fastrtps]==7.1.6' ros-std-msgs==5.3.6 ros-rosgraph-msgs==2.0.3 ros-sensor-msgs==5.3.6 \
  numpy==2.4.6 rosbags==0.11.9
cd "$work"
unset ROS_PYTHON_CHECK_FIELDS  # as it is by default
export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST
"$work/venv/bin/python" - <<'PYTHON'
import sys
import time
from importlib.metadata import version

import rclpy
from rclpy.serialization import serialize_message
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import JointState

rclpy.init()
node = rclpy.create_node('arm')
sent = []
publisher = node.create_publisher(JointState, 'joint_states', 10)
subscription = node.create_subscription(JointState, 'joint_states', sent.append, 10, raw=True)
message = JointState(name=['elbow'], position=[.5])  # velocity and effort are empty, as from many drivers
until = time.monotonic() + 10
while not sent and time.monotonic() < until:
    publisher.publish(message)
    rclpy.spin_once(node, timeout_sec=.1)
rclpy.shutdown()


def read(cdr):
    try:
        return get_typestore(Stores.ROS2_JAZZY).deserialize_cdr(cdr, 'sensor_msgs/msg/JointState').position.tolist()
    except SerdeError as error:
        return str(error)


serialized = serialize_message(message)
seen = {'sent': (len(sent[0]), read(sent[0])), 'serialize_message': (len(serialized), read(serialized))}
versions = f'rclpy {version("ros-rclpy")}, Fast CDR {version("ros-fastcdr")}, rosbags {version("rosbags")}'
guess = 'serialize_message gives what is sent: with it the tutorial on writing a bag in Python fills the bag'
held = (seen['sent'][1] == [.5] and seen['serialize_message'][0] == seen['sent'][0] + 8
        and 'mismatch' in seen['serialize_message'][1])
seen = f'bytes, and positions read by rosbags: {seen}; 4 bytes for each empty float64[] at the end'
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
