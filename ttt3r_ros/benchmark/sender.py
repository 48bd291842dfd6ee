# SPDX-License-Identifier: Apache-2.0
"""A camera before a node in another process."""

from __future__ import annotations

import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from ttt3r_ros.demo.process import Child
from ttt3r_ros.ros.conversions import to_time

START_S = 120.0


class Sender:
    """Sends images over and over, at a rate; `node` may hear what comes of them."""

    def __init__(self, name: str, images: list[Image] | list[CompressedImage], topic: str = 'image') -> None:
        """Take the node's name, the images, and the topic of raw ones."""
        self.node = rclpy.create_node(name)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._images, self._sent = images, 0
        compressed = isinstance(images[0], CompressedImage)
        self._camera = self.node.create_publisher(
            type(images[0]), f'{topic}/compressed' if compressed else topic,
            QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))

    def wait(self, node: Child) -> None:
        """Wait until the node listens. Raises RuntimeError if it does not come up."""
        end = time.monotonic() + START_S
        while not self._camera.get_subscription_count():
            if node.code is not None or time.monotonic() > end:
                raise RuntimeError('the node does not come up: ' + '\n'.join(node.last_lines(5)))
            self._executor.spin_once(timeout_sec=0.1)

    def send(self, rate: float, seconds: float) -> list[int]:
        """Send images for so long; return their times, nanoseconds. One that cannot go out in time is not made up."""
        times, end = [], time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            image = self._images[self._sent % len(self._images)]
            self._sent += 1
            times.append(self.node.get_clock().now().nanoseconds)
            image.header.stamp = to_time(times[-1])
            self._camera.publish(image)
            self.spin(now + 1 / rate)
        return times

    def spin(self, until: float) -> None:
        """Hear until a time of time.monotonic()."""
        while (left := until - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def close(self) -> None:
        """Take it off the network."""
        self._executor.shutdown()
        self.node.destroy_node()
