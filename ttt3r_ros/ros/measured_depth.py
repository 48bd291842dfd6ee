# SPDX-License-Identifier: Apache-2.0
"""The scale of what a depth camera measured of the images that are answered, also where it comes after them."""

from __future__ import annotations

from collections import deque

from sensor_msgs.msg import Image
from std_msgs.msg import Header

from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.ros.companions import Companions
from ttt3r_ros.ros.scaling import Scaling

PATIENCE = 10  # frames running that have no depth, before that is told: many a depth camera sends less often
UNMEASURED = 5  # frames that are kept for depth to come: drivers align it to an image that is out already


class MeasuredDepth:
    """One camera's; the inference thread's."""

    def __init__(self, companions: Companions, scaling: Scaling) -> None:
        """Take where depth comes from, and what learns of it."""
        self._companions, self._scaling = companions, scaling
        self._waiting: deque[tuple[Header, Frame]] = deque()
        self._without = 0  # frames running

    def catch_up(self) -> None:
        """Learn of what has come after its image was answered. Call it before the next image's own is fetched."""
        waiting, self._waiting = self._waiting, deque()
        for header, frame in waiting:
            depth = self._companions.late_depth(header)
            if depth is None:
                self._waiting.append((header, frame))
            else:
                self._learn(depth, header, frame)

    def take(self, depth: Image | None, header: Header, frame: Frame) -> None:
        """Learn of a frame in the model's metres, and of the depth that belongs to it; None while that is not there.

        Frames that are not trusted teach nothing.
        """
        if not frame.trusted:
            return
        if depth is None and self._companions.depth_may_come:
            self._waiting.append((header, frame))
            if len(self._waiting) <= UNMEASURED:
                return
            header, frame = self._waiting.popleft()
        self._learn(depth, header, frame)

    def forget(self) -> None:
        """Wait for nothing any more."""
        self._waiting.clear()

    def _learn(self, depth: Image | None, header: Header, frame: Frame) -> None:
        self._without = self._without + 1 if depth is None else 0
        if 0 < self._without < PATIENCE:
            return
        measured = self._companions.measured(depth, header, frame.pixel_map)
        if measured is not None:
            self._scaling.learn_depth(measured, frame)
