# SPDX-License-Identifier: Apache-2.0
"""Up, from an IMU that stands still with the robot."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Imu

from ttt3r_ros.reconstruction.gravity import FEWEST, GravityError, up_at_rest
from ttt3r_ros.ros.conversions import frame_name, nanoseconds

WINDOW_NS = 1_000_000_000
LONGEST_NS = 4 * WINDOW_NS  # of a slow IMU
SAMPLES = 8000
ABSENT = -1  # as a covariance's first number: the sensor has no accelerometer


def unstamped(topic: str) -> str:
    """Say that the messages on a topic have no time."""
    return f'the stamps on {topic} are 0: its driver does not stamp its messages; have it fill in header.stamp'


class ImuLevel:
    """The accelerometer's last second. Messages come on the executor's thread, the rest is the inference thread's."""

    def __init__(self, node: LifecycleNode, topic: str = 'imu') -> None:
        """Subscribe."""
        self._node = node
        self._lock = threading.Lock()
        self._samples: deque[tuple[int, np.ndarray]] = deque(maxlen=SAMPLES)
        self.frame_id: str | None = None
        self._without = False  # the last message was of no accelerometer
        # Deeper than the sensor profile's 5: an IMU sends ten times while a frame's outputs are published.
        self._subscription = node.create_subscription(
            Imu, topic, self._receive, QoSProfile(depth=200, reliability=ReliabilityPolicy.BEST_EFFORT))

    def _receive(self, message: Imu) -> None:
        a, frame = message.linear_acceleration, frame_name(message.header.frame_id)
        self._without = message.linear_acceleration_covariance[0] == ABSENT
        if self._without:
            return
        with self._lock:
            if frame != self.frame_id:
                self._samples.clear()
                self.frame_id = frame
            self._samples.append((nanoseconds(message.header.stamp), np.array([a.x, a.y, a.z])))

    def up(self, stamp: int) -> np.ndarray:
        """Return up (3,) in the IMU's axes, over the second before a stamp, ns, or so many as tell it. Raises
        GravityError."""
        if self._without:
            raise GravityError(f'the messages on {self._subscription.topic_name} say that their sensor has no '
                               'accelerometer (linear_acceleration_covariance[0] is -1): remap imu to one that has, or '
                               'set level to initial_pose')
        with self._lock:
            if not self._samples:
                raise GravityError(f'nothing has come on {self._subscription.topic_name}: is the IMU running, and imu '
                                   'remapped to its topic?')
            recent = [(at, sample) for at, sample in self._samples if stamp - LONGEST_NS <= at <= stamp]
            apart = self._samples[-1][0] - stamp  # of what has come last
        if not recent and apart == -stamp:
            raise GravityError(unstamped(self._subscription.topic_name))
        if not recent and abs(apart) > LONGEST_NS:
            where = 'behind' if apart < 0 else 'ahead of'
            raise GravityError(f'the stamps on {self._subscription.topic_name} are {abs(apart) / 1e9:.1f} s {where} '
                               "the images': the clocks of IMU and camera have to agree")
        late = sum(at >= stamp - WINDOW_NS for at, _ in recent)
        samples = [sample for _, sample in recent[-max(late, FEWEST):]]
        if len(samples) < FEWEST:
            raise GravityError(f'{len(samples)} samples on {self._subscription.topic_name} are of the '
                               f'{LONGEST_NS // 10**9} s before the image, {FEWEST} tell where up is: does the IMU '
                               'send, and are its stamps of the same clock?')
        return up_at_rest(np.array(samples))

    def destroy(self) -> None:
        """Take the subscription off the node."""
        self._node.destroy_subscription(self._subscription)
