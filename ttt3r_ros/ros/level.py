# SPDX-License-Identifier: Apache-2.0
"""Up, from an IMU that stands still with the robot."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Imu

from ttt3r_ros.reconstruction.gravity import GravityError, up_at_rest
from ttt3r_ros.ros.conversions import frame_name, nanoseconds

WINDOW_NS = 1_000_000_000
SAMPLES = 2000


class ImuLevel:
    """The accelerometer's last second. Messages come on the executor's thread, the rest is the inference thread's."""

    def __init__(self, node: LifecycleNode, topic: str = 'imu') -> None:
        """Subscribe."""
        self._node = node
        self._lock = threading.Lock()
        self._samples: deque[tuple[int, np.ndarray]] = deque(maxlen=SAMPLES)
        self.frame_id: str | None = None
        # Deeper than the sensor profile's 5: an IMU sends ten times while a frame's outputs are published.
        self._subscription = node.create_subscription(
            Imu, topic, self._receive, QoSProfile(depth=200, reliability=ReliabilityPolicy.BEST_EFFORT))

    def _receive(self, message: Imu) -> None:
        a, frame = message.linear_acceleration, frame_name(message.header.frame_id)
        with self._lock:
            if frame != self.frame_id:
                self._samples.clear()
                self.frame_id = frame
            self._samples.append((nanoseconds(message.header.stamp), np.array([a.x, a.y, a.z])))

    def up(self, stamp: int) -> np.ndarray:
        """Return up (3,) in the IMU's axes over the second before a stamp, ns. Raises GravityError."""
        with self._lock:
            samples = [sample for at, sample in self._samples if stamp - WINDOW_NS <= at <= stamp]
            if not self._samples:
                raise GravityError(f'nothing has come on {self._subscription.topic_name}: is the IMU running, and imu '
                                   'remapped to its topic?')
        return up_at_rest(np.array(samples).reshape(-1, 3))

    def destroy(self) -> None:
        """Take the subscription off the node."""
        self._node.destroy_subscription(self._subscription)
