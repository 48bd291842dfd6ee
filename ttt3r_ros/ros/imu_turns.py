# SPDX-License-Identifier: Apache-2.0
"""What the IMU's gyroscope says of the robot's turns."""

from __future__ import annotations

import struct

import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Imu

from ttt3r_ros.reconstruction.gyroscope import Gyroscope
from ttt3r_ros.reconstruction.odometry import Estimate
from ttt3r_ros.ros.conversions import frame_name
from ttt3r_ros.ros.frames import Frames, FrameUnknown
from ttt3r_ros.ros.lasting import Lasting
from ttt3r_ros.ros.level import ABSENT, LONGEST_NS, unstamped
from ttt3r_ros.ros.log import Log
from ttt3r_ros.sequences.serialized import byte_order, header_stamp

DEPTH = 200  # samples that may wait
REPEAT_S = 10.0  # a trouble that stays is told again after this long


class ImuTurns:
    """Messages come on the executor's thread; whoever asks does so on any."""

    def __init__(self, node: LifecycleNode, log: Log, topic: str, frames: Frames, time_offset_s: float) -> None:
        """Subscribe. time_offset_s: what is added to the IMU's stamps."""
        self._node, self._log, self._frames = node, log, frames
        self._offset = round(time_offset_s * 1e9)
        self._gyroscope = Gyroscope()
        self._frame: str | None = None
        self._without = False  # the last message was of no gyroscope
        self._stamp = 0  # of the last sample, ns, as its driver gave it
        self._behind = Lasting()
        # As deep as the accelerometer's: many come while a frame's outputs are published.
        self._subscription = node.create_subscription(
            Imu, topic, self._receive, QoSProfile(depth=DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT), raw=True)

    def catch_up(self) -> None:
        """Take the samples that wait: a turn of a busy executor costs far more than a sample. Executor's thread."""
        handle = self._subscription.handle
        with handle:
            for _ in range(DEPTH):
                taken = handle.take_message(Imu, True)
                if taken is None:
                    return
                self._receive(taken[0])

    def of(self, frame: str, start: int, end: int) -> np.ndarray | None:
        """Return the rotation (3, 3) of a frame on the robot, from its axes at `end` to those at `start`, ns.

        None where the IMU does not tell, or TF does not yet say how it is mounted.
        """
        turned = self._gyroscope.turn(start, end)
        mount = None if turned is None else self._mount(frame)
        return None if mount is None else mount @ turned @ mount.T

    def learn(self, stamp: int, frame: str, estimate: Estimate) -> None:
        """Compare the gyroscope with an answer about a frame on the robot, for its bias."""
        mount = self._mount(frame)
        if mount is None:
            return
        apart = stamp - self._stamp - self._offset
        if self._behind.seen(not self._without and apart > LONGEST_NS):
            topic = self._subscription.topic_name
            why = unstamped(topic) if not self._stamp else (
                f"the last stamp on {topic} is {apart / 1e9:.1f} s behind the images': is the IMU running, and do the "
                'clocks of IMU and camera agree?')
            self._log.warning(f'the gyroscope is not used: {why}', every=REPEAT_S)
        if estimate.twist_covariance is None:  # a beginning
            self._gyroscope.forget_answers()
        self._gyroscope.learn(stamp, estimate.tracked[:3, :3] @ mount, estimate.tracked[:3, 3],
                              estimate.turn_rate_deviation)

    def diagnosis(self) -> dict[str, str]:
        """Return what the diagnostics say of it."""
        bias, deviation = self._gyroscope.bias, self._gyroscope.deviation
        found = 'nothing has come' if self._frame is None else f'in {self._frame}'
        return {'gyroscope': 'the sensor has none' if self._without else found,
                'gyroscope bias (rad/s)': ' '.join(f'{b:.4f}±{d:.4f}' for b, d in zip(bias, deviation, strict=True))}

    def destroy(self) -> None:
        """Take the subscription off the node."""
        self._node.destroy_subscription(self._subscription)

    def _receive(self, data: bytes) -> None:
        try:
            stamp, frame_id, rate, variance = read_rate(data)
        except (struct.error, UnicodeDecodeError, IndexError):
            self._log.warning(f'{len(data)} bytes on {self._subscription.topic_name} are no Imu and are left out',
                              every=REPEAT_S)
            return
        frame = frame_name(frame_id)
        if frame != self._frame:
            self._gyroscope.forget()
            self._frame = frame
        self._without = variance == ABSENT
        if self._without:
            self._log.warning(f'the gyroscope is not used: the messages on {self._subscription.topic_name} say that '
                              'their sensor has none (angular_velocity_covariance[0] is -1): remap imu to one that has',
                              every=REPEAT_S)
        else:
            self._stamp = stamp
            self._gyroscope.add(stamp + self._offset, np.array(rate))

    def _mount(self, frame: str) -> np.ndarray | None:
        """Return the IMU's axes (3, 3) in a frame on the robot, None while they are not known."""
        if self._frame is None:
            return None
        try:
            return self._frames.fixed(frame, self._frame)[:3, :3]
        except FrameUnknown as error:
            self._log.warning(f'the gyroscope is not used: {error}', every=REPEAT_S)
            return None


def read_rate(data: bytes) -> tuple[int, str, tuple[float, float, float], float]:
    """Return stamp, ns, frame_id, angular velocity, rad/s, and its first variance, of a serialised Imu.

    A Python message costs twenty times as much, and hundreds come a second.
    """
    stamp, order = header_stamp(data), byte_order(data)
    length, = struct.unpack_from(f'{order}I', data, 12)
    numbers = 4 + (12 + length + 7) // 8 * 8  # doubles are aligned behind CDR's own four bytes
    *rate, variance = struct.unpack_from(f'{order}4d', data, numbers + (4 + 9) * 8)
    return stamp, data[16:16 + length - 1].decode(), tuple(rate), variance
