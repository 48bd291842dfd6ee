#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A node that only publishes waits for its publishers: each adds two entities to what every spin collects anew.
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
from std_msgs.msg import String

TOPICS, SPINS = 60, 100
rclpy.init()


def measured(publishers):
    """Return how many entities a node waits for beside its timer, and the milliseconds of one spin."""
    node = rclpy.create_node('sender', start_parameter_services=False, enable_rosout=False)
    for i in range(publishers):
        node.create_publisher(String, f'topic{i}', 1)  # no callbacks, nobody listens
    ticks = []
    node.create_timer(1e-6, lambda: ticks.append(0))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.spin_once(timeout_sec=1.0)
    start = time.process_time()
    for _ in range(SPINS):
        executor.spin_once(timeout_sec=1.0)
    spent = 1e3 * (time.process_time() - start) / SPINS
    waitables = len(list(node.waitables))
    executor.shutdown()
    node.destroy_node()
    return waitables, spent


without, with_all = measured(1), measured(TOPICS)
rclpy.shutdown()
guess = 'a publisher has nothing to wait for: sixty of them make a spin no longer'
added = with_all[0] - without[0]
seen = (f'{TOPICS - 1} more add {added} entities to the wait set; one spin of a timer takes {with_all[1]:.2f} ms of CPU '
        f'for {without[1]:.2f} ms with one publisher')
held = added == 2 * (TOPICS - 1) and with_all[1] > 1.5 * without[1]
print(f'rclpy {version("ros-rclpy")}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
