#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A subscription that asks for the message and its info, spun by the executor of events: it never gets a message.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  'ros-rclpy[fastrtps]==7.1.6' ros-std-msgs==5.3.6
cd "$work"
export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST
"$work/venv/bin/python" - <<'PYTHON'
import sys
import time
from importlib.metadata import version

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.experimental.events_executor import EventsExecutor
from std_msgs.msg import String

rclpy.init()


def heard(executor_type, with_info):
    """Return how many messages a callback got until the third or an error, and the error."""
    got = []
    node = rclpy.create_node('listener')

    def one(message):
        got.append(message.data)

    def two(message, info):
        got.append(message.data if info['source_timestamp'] else None)

    node.create_subscription(String, 'words', two if with_info else one, 10)
    publisher = node.create_publisher(String, 'words', 10)
    executor = executor_type()
    executor.add_node(node)
    until, error = time.monotonic() + 10, None
    while len(got) < 3 and not error and time.monotonic() < until:
        publisher.publish(String(data='left'))
        try:
            executor.spin_once(timeout_sec=.1)
        except SystemError as raised:
            error = str(raised)
    executor.remove_node(node)
    executor.shutdown()
    node.destroy_node()
    return got, error


seen = {f'{name}, {"(message, info)" if with_info else "(message)"}': heard(executor_type, with_info)
        for name, executor_type in (('SingleThreadedExecutor', SingleThreadedExecutor), ('EventsExecutor', EventsExecutor))
        for with_info in (False, True)}
rclpy.shutdown()
*served, (got, error) = seen.values()
print(f'rclpy {version("ros-rclpy")}\n'
      'guess: a callback that takes a message and its info gets both, whichever executor spins it\n'
      f'seen:  {seen}')
held = all(one == (['left'] * 3, None) for one in served) and not got and 'null argument' in error
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
