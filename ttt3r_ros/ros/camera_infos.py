# SPDX-License-Identifier: Apache-2.0
"""`camera_info` as it comes, and which of them belongs to an image."""

from __future__ import annotations

import threading
from collections import OrderedDict

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo

from ttt3r_ros.ros.conversions import nanoseconds

LIVE, LOSSLESS = 5, 1000  # messages that are kept
LONGEST_WAIT_S = 1.0  # in a lossless run, for what belongs to an image


class CameraInfos:
    """Messages come on the executor's thread, and are asked for on the inference thread.

    Live the newest one holds. Images of a lossless run wait, and calibrations that change go on changing meanwhile.
    """

    def __init__(self, node: LifecycleNode, topic: str, lossless: bool) -> None:
        """Subscribe to the topic as it is already remapped."""
        self._node, self._lossless = node, lossless
        self._known: OrderedDict[int, CameraInfo] = OrderedDict()  # by stamp, in the order in which they came
        self._most = LOSSLESS if lossless else LIVE
        self._paired = False  # the last image had its own
        self._in_vain = False  # one was waited for
        self._changed = threading.Condition()
        self._subscription = node.create_subscription(CameraInfo, topic, self.receive, QoSProfile(
            depth=self._most, reliability=ReliabilityPolicy.BEST_EFFORT))

    @property
    def topic(self) -> str:
        """The topic's name."""
        return self._subscription.topic_name

    def receive(self, message: CameraInfo) -> None:
        """Take what has come."""
        stamp = nanoseconds(message.header.stamp)
        with self._changed:
            self._known.pop(stamp, None)
            self._known[stamp] = message
            if len(self._known) > self._most:
                self._known.popitem(last=False)
            self._changed.notify_all()

    def of(self, stamp: int) -> CameraInfo | None:
        """Return what belongs to an image of a stamp, ns, None before the first.

        In a lossless run that is what has its stamp, or the one before it in time, and the newest where the stamps do
        not compare. Drivers send it after the image: it is waited for, up to LONGEST_WAIT_S, as long as each image has
        its own, and before the first one; unless nobody publishes.
        """
        with self._changed:
            if not self._lossless:
                return self._newest()
            if self._paired or not (self._known or self._in_vain):
                self._changed.wait_for(lambda: self._there(stamp) or not self._node.count_publishers(self.topic),
                                       LONGEST_WAIT_S)
            self._paired, self._in_vain = stamp in self._known, not self._known
            if stamp in self._known:
                return self._known[stamp]
            earlier = [known for known in self._known if known < stamp]
            later = len(earlier) < len(self._known)
            return self._known[max(earlier)] if earlier and later else self._newest()

    def _there(self, stamp: int) -> bool:
        """Say whether nothing is to be waited for any more."""
        return any(known >= stamp for known in self._known) if self._paired else bool(self._known)

    def _newest(self) -> CameraInfo | None:
        return next(reversed(self._known.values()), None)

    def destroy(self) -> None:
        """Take the subscription off the node."""
        self._node.destroy_subscription(self._subscription)
