# SPDX-License-Identifier: Apache-2.0
"""Others in the node's domain, each in a process of its own: subscribers that are slow or many, and a busy /tf."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import rclpy
from forked import SERVER
from geometry_msgs.msg import PoseStamped, TransformStamped
from nav_msgs.msg import Odometry, Path
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image, PointCloud2
from tf2_msgs.msg import TFMessage

TOPICS = {'pose': PoseStamped, 'odometry': Odometry, 'points': PointCloud2, 'path': Path, 'map': PointCloud2,
          'depth/image': Image}
MANY = 4  # subscriptions of each topic
STAY_S = 2.0
BUSY_HZ = 1000


@contextlib.contextmanager
def process(function: Callable[[], None]) -> Iterator[None]:
    """Run it beside us for as long as the block lasts."""
    started = SERVER.Process(target=function, daemon=True)
    started.start()
    try:
        yield
    finally:
        started.kill()
        started.join()


def slow() -> None:
    """Ask for every message of every topic, and take a second for each."""
    rclpy.init()
    node = rclpy.create_node('slow')
    for name, kind in TOPICS.items():
        node.create_subscription(kind, f'/ttt3r/{name}', lambda message: time.sleep(1.0), QoSProfile(depth=100))
    rclpy.spin(node)


def many() -> None:
    """Come with MANY subscriptions of each topic, stay for a while, go, and come again."""
    rclpy.init()
    while True:
        node = rclpy.create_node('many')
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        for name, kind in TOPICS.items():
            for _ in range(MANY):
                node.create_subscription(kind, f'/ttt3r/{name}', lambda message: None, QoSProfile(depth=5), raw=True)
        end = time.monotonic() + STAY_S
        while time.monotonic() < end:
            executor.spin_once(timeout_sec=0.1)
        executor.shutdown()
        node.destroy_node()


def busy_tf() -> None:
    """Send transforms of frames that have nothing to do with ours, BUSY_HZ times a second."""
    rclpy.init()
    node = rclpy.create_node('busy_tf')
    publisher = node.create_publisher(TFMessage, '/tf', QoSProfile(depth=100))
    transform = TransformStamped(child_frame_id='gripper')
    transform.header.frame_id = 'arm'
    due = time.monotonic()
    while True:
        transform.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(TFMessage(transforms=[transform]))
        due += 1 / BUSY_HZ
        time.sleep(max(0.0, due - time.monotonic()))
