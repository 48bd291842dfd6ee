#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A simulated clock beyond 19 January 2038: the stamp wraps without a word, and the executor of who reads it ends.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  'ros-rclpy[fastrtps]==7.1.6' ros-std-msgs==5.3.6 ros-rosgraph-msgs==2.0.3
cd "$work"
unset ROS_PYTHON_CHECK_FIELDS  # as it is by default
export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST
"$work/venv/bin/python" - <<'PYTHON'
import sys
import time
from importlib.metadata import version

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.serialization import deserialize_message, serialize_message
from rclpy.time import Time
from rosgraph_msgs.msg import Clock

late = Time(seconds=2**31)  # held in 64 bits of nanoseconds: good until 2262
stamp = Clock(clock=late.to_msg())
arrived = deserialize_message(serialize_message(stamp), Clock).clock.sec
rclpy.init(args=['--ros-args', '-p', 'use_sim_time:=true'])
node = rclpy.create_node('reader')
publisher = node.create_publisher(Clock, '/clock', 1)
executor = SingleThreadedExecutor()
executor.add_node(node)
outcome, until = 'it spins on', time.monotonic() + 10
try:
    while time.monotonic() < until:
        publisher.publish(stamp)
        executor.spin_once(timeout_sec=.1)
except ValueError as error:
    outcome = f'ValueError: {error}'
rclpy.shutdown()
versions = f'rclpy {version("ros-rclpy")}'
guess = 'builtin_interfaces/Time has 32 bits for seconds, so to_msg() raises; a reader at most ignores such a stamp'
seen = f'{late.nanoseconds} ns is sent as {stamp.clock.sec} s and arrives as {arrived} s; out of spin comes {outcome}'
held = arrived == -2**31 and outcome.startswith('ValueError')
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
