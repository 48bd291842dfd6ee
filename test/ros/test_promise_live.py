# SPDX-License-Identifier: Apache-2.0
"""A camera whose publisher offers a deadline and does not keep it."""

from __future__ import annotations

import signal
import time

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


def test_a_node_that_stood_still_blames_no_camera(start_node, make_robot):
    """A node that is stopped while images go on says neither that its camera was late, nor that no image came, nor that
    images are back; of those that were lost it says by what."""
    node, robot = start_node(remaps=('image:=eye',)), make_robot(topic='unused')
    camera = robot.publisher(Image, 'eye', QoSProfile(
        depth=5, reliability=ReliabilityPolicy.BEST_EFFORT, deadline=Duration(seconds=0.5)))
    sent = []

    def film(until) -> None:
        while not until():
            sent.append(time.monotonic())
            camera.publish(image_message(len(sent) * SECOND // 20, scene(len(sent))))
            robot.spin(0.05)

    def seconds(wanted: float):
        end = time.monotonic() + wanted
        return lambda: time.monotonic() > end

    def reports(wanted: int):
        return lambda: sum(status.name == 'ttt3r: input' for array in robot.heard['diagnostics']
                           for status in array.status) > wanted

    film(lambda: len(robot.heard['status']) > 3)
    for _ in range(2):
        node.process.send_signal(signal.SIGSTOP)
        film(seconds(6.5))
        robot.heard['diagnostics'].clear()
        node.process.send_signal(signal.SIGCONT)
        film(reports(3))
        told = [status.message for array in robot.heard['diagnostics'] for status in array.status
                if status.name in ('ttt3r: input', 'ttt3r: tracking')]
        assert any('because this node stood still' in text or 'CPU is short' in text for text in told)
        if max(after - before for before, after in zip(sent, sent[1:])) < 1.0:  # else it was the camera, too
            assert not [text for text in told if 'no image' in text or 'at the last image' in text], told
            for wrong in ('promises an image', 'no image on', 'images are back'):
                assert wrong not in node.log(), node.log()
