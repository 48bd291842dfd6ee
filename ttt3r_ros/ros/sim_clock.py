# SPDX-License-Identifier: Apache-2.0
"""/clock, where use_sim_time is set: no message, none any more, and messages that hold no time."""

from __future__ import annotations

from rclpy.node import Node
from rosgraph_msgs.msg import Clock

from ttt3r_ros.ros.silence import Silence

REPEAT_S = 10.0  # a trouble that stays is told again after this long
PATIENCE_S = 5.0  # without /clock, before that is told


class SimClock:
    """Stands between /clock and the node's clock: rclpy raises out of the executor at a time before 0."""

    def __init__(self, node: Node) -> None:
        """Leave out, count and tell messages on /clock before time 0, whenever use_sim_time is set."""
        self._node, source = node, node._time_source
        self._take = source.clock_callback
        self._broken = 0  # messages
        self._heard = False
        self._silence = Silence()  # while active
        source.clock_callback = self._receive  # of the subscription that is still to be made
        if source._clock_sub is not None:
            source._clock_sub.callback = self._receive

    def look(self, active: bool) -> list[str]:
        """Return that no time comes, if so, and what to do; called once a second."""
        if not (active and self._node.get_clock().ros_time_is_active):
            self._silence.begin()
        if self._silence.turn() <= PATIENCE_S:
            return []
        if not self._heard:
            return ['use_sim_time is set and no time comes on /clock, timers stand still: start the simulator, play '
                    'the bag with --clock, or set use_sim_time to false']
        return ['/clock has stopped, timers stand still: are the simulator or the bag paused, or ended?']

    def _receive(self, message: Clock) -> None:
        if message.clock.sec >= 0:
            self._heard = True
            self._silence.begin()
            self._take(message)
            return
        self._broken += 1
        self._node.get_logger().warning(
            f'{self._broken} message(s) on /clock hold no time and are left out, the last with {message.clock.sec} s: '
            'a simulation counts from 0', throttle_duration_sec=REPEAT_S)
