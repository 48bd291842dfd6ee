# SPDX-License-Identifier: Apache-2.0
"""A camera whose publisher offers a deadline and does not keep it."""

from __future__ import annotations

from harness import image_message, scene
from rclpy.duration import Duration
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

SECOND = 1_000_000_000


def test_the_offer_is_read_and_judged_and_the_images_still_come(start_node, make_robot):
    """The node asks for no deadline, so all cameras match; a broken one is in diagnostics and log while it lasts."""
    node, robot = start_node(remaps=('image:=eye',)), make_robot(topic='unused')
    camera = robot.publisher(Image, 'eye', QoSProfile(
        depth=5, reliability=ReliabilityPolicy.BEST_EFFORT, deadline=Duration(seconds=0.2)))
    for i in range(2):
        camera.publish(image_message((1 + i) * SECOND, scene(i)))
        robot.wait_for('an answer', lambda i=i: len(robot.heard['status']) == 1 + i)
    robot.wait_for('the diagnostic', lambda: 'promises an image every 0.2 s' in robot.diagnostic('input').get(
        'message', ''))
    assert 'promises an image every 0.2 s' in node.log()
