# SPDX-License-Identifier: Apache-2.0
"""BufferCore with waiting and with an ear for jumps of the clock."""
from time import sleep

from geometry_msgs.msg import TransformStamped
from rclpy.clock import Clock, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.time import Time

from .buffer_core import BufferCore

_POLL_SECONDS = 0.02


class Buffer(BufferCore):
    """The transforms that a listener heard; a backward jump of the node's clock clears the moving ones."""

    def __init__(self, cache_time: Duration | None = None, node: Node | None = None) -> None:
        super().__init__(*([] if cache_time is None else [cache_time]))
        self.clock = node.get_clock() if node else Clock()
        # rclpy drops the callback with its handle.
        self.jump_handle = self.clock.create_jump_callback(
            JumpThreshold(min_forward=None, min_backward=Duration(seconds=-1), on_clock_change=True),
            post_callback=self.time_jump_callback)

    def time_jump_callback(self, time_jump: TimeJump) -> None:
        """Clear the moving transforms."""
        get_logger('tf2_buffer').warning('The clock jumped back: clearing the transform buffer.')
        self.clear()

    def lookup_transform(self, target_frame: str, source_frame: str, time: Time,
                         timeout: Duration = Duration()) -> TransformStamped:
        """Return the source frame in the target frame at `time` (zero: the latest), waiting up to `timeout`.

        Raises LookupException, ConnectivityException, ExtrapolationException or InvalidArgumentException.
        """
        self.can_transform(target_frame, source_frame, time, timeout)
        return self.lookup_transform_core(target_frame, source_frame, time)

    def can_transform(self, target_frame: str, source_frame: str, time: Time, timeout: Duration = Duration(),
                      return_debug_tuple: bool = False) -> bool | tuple[bool, str]:
        """Return whether the transform is known by the end of `timeout`, with the reason if asked for it."""
        clock = Clock()
        end = clock.now() + timeout
        result = self.can_transform_core(target_frame, source_frame, time)
        while not result[0] and clock.now() < end:
            sleep(_POLL_SECONDS)
            result = self.can_transform_core(target_frame, source_frame, time)
        return result if return_debug_tuple else result[0]
