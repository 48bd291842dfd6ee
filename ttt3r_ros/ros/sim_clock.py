# SPDX-License-Identifier: Apache-2.0
"""Messages on /clock that hold no time: rclpy raises out of the executor at each."""

from __future__ import annotations

from rclpy.node import Node
from rosgraph_msgs.msg import Clock

REPEAT_S = 10.0  # a trouble that stays is told again after this long


def refuse_impossible_times(node: Node) -> None:
    """Leave out, count and tell messages on /clock before time 0, whenever use_sim_time is set."""
    source = node._time_source
    take, count = source.clock_callback, 0

    def receive(message: Clock) -> None:
        nonlocal count
        if message.clock.sec >= 0:
            take(message)
            return
        count += 1
        node.get_logger().warning(f'{count} message(s) on /clock hold no time and are left out, the last with '
                                  f'{message.clock.sec} s: a simulation counts from 0',
                                  throttle_duration_sec=REPEAT_S)

    source.clock_callback = receive  # of the subscription that is still to be made
    if source._clock_sub is not None:
        source._clock_sub.callback = receive
