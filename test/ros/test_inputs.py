# SPDX-License-Identifier: Apache-2.0
"""Cameras that are not as they should be, over DDS: what the log and the diagnostics say, and what is kept."""

from __future__ import annotations

import time
from array import array

import numpy as np
import pytest
from harness import image_message, scene, stamp_of
from mount import mount_camera
from nav_msgs.msg import Odometry
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage, Image

SECOND = 1_000_000_000


def test_stamps_that_cannot_be_used(run):
    """Live: images without stamps, of a second clock and an hour ahead are dropped, counted, and named in the log and
    in the diagnostics; the others are answered."""
    node, robot = run()
    for _ in range(3):
        robot.show(0)
        robot.spin(0.3)
    robot.wait_for('the reason', lambda: 'does not stamp' in node.log())
    robot.wait_for('the report', lambda: 'does not stamp' in robot.diagnostic('input').get('message', ''))
    assert robot.diagnostic('input')['level'] == b'\x01' and not robot.heard['status']

    now = time.time_ns()
    robot.show_and_wait([now])
    robot.show(now + 3600 * SECOND)
    robot.wait_for('the reason', lambda: "ahead of this machine's clock" in node.log())
    robot.show_and_wait([now + SECOND // 10])
    assert robot.counters().segment == 0

    before = len(robot.heard['status'])
    for i in range(2, 12):
        robot.show_and_wait([now + i * SECOND // 10])
        robot.show(now + i * SECOND // 10 - 5 * SECOND)
        robot.spin(0.08)
    robot.wait_for('the reason', lambda: 'two clocks' in node.log())
    robot.wait_for('the report', lambda: any(
        'two clocks' in status.message for message in robot.heard['diagnostics'] for status in message.status))
    answered = [stamp_of(m) for m in robot.heard['status'][before:]]
    assert robot.counters().segment <= 1 and sum(stamp < now for stamp in answered) <= 1
    assert sum(stamp > now for stamp in answered) >= 5

    def counted() -> bool:  # a status may tell of an image that is answered after it
        report = robot.diagnostic('input')
        return int(report['received']) == sum(int(report[what]) for what in (
            'answered', 'dropped stamp', 'dropped overrun'))

    robot.wait_for('each in a count', counted)
    assert node.log().count('the memory is reset') == 1


def test_twelve_bits_and_depth_on_the_image_topic(run):
    """12 bits in 16 are answered, told once and shown in the diagnostics; depth is refused by its name."""
    node, robot = run(lossless=True)
    for i in range(3):
        pixels = scene(i)[..., 0].astype(np.uint16) << 4
        message = image_message(SECOND + i, scene(i))
        message.encoding, message.step, message.data = 'mono16', 256, array('B', pixels.tobytes())
        robot.camera.publish(message)
    robot.wait_for('the answers', lambda: len(robot.heard['status']) == 3)
    assert node.log().count('12 of their 16 bits') == 1
    robot.wait_for('the report', lambda: robot.diagnostic('inference').get('bits in use of 16') == '12')
    depth = Image(header=message.header, height=96, width=128, encoding='16UC1', step=256, data=message.data)
    robot.camera.publish(depth)
    robot.wait_for('the reason', lambda: 'looks like a depth topic' in node.log())


def test_wheels_of_another_clock_and_without_a_pose(run):
    """Wheel stamps that are apart from the images' are told by how much; messages without a pose are counted, and the
    node lives on."""
    node, robot = run(base_frame='base_link', scale_source='wheels')
    kept = mount_camera(robot.node)
    wheels = robot.publisher(Odometry, 'wheel_odometry')
    message = Odometry(child_frame_id='base_link')
    number = 0

    def drive(condition) -> bool:
        nonlocal number
        number += 1
        message.header.stamp.sec = 1000 - 37 + number // 10
        message.header.stamp.nanosec = number % 10 * SECOND // 10
        orientation = message.pose.pose.orientation
        orientation.x, orientation.w = {0: (float('nan'), 1.0), 1: (0.0, 0.0)}.get(number % 5, (0.0, 1.0))
        wheels.publish(message)
        robot.show(1000 * SECOND + number * SECOND // 10)
        robot.spin(0.1)
        return condition()

    robot.wait_for('the reason', lambda: drive(lambda: "s behind the images'" in node.log()))
    said = float(node.log().partition("the wheels' stamps are ")[2].split()[0])
    assert 36 < said < 39
    robot.wait_for('the report', lambda: drive(lambda: 'behind' in robot.diagnostic('inference').get(
        'wheel odometry', '')))
    assert int(robot.diagnostic('inference')['wheel odometry left out']) >= 4
    assert 'hold no pose' in node.log() and 'foresaw' not in node.log()
    del kept


def test_a_second_publisher_a_pause_and_another_size(run):
    """With two publishers on the image topic what is lost is unknown, not 0, and both are named; images that are back
    after a pause, and of another size, are a line each."""
    node, robot = run()
    second = robot.node.create_publisher(Image, 'image', QoSProfile(depth=1))
    for i in range(4):
        robot.show_and_wait([SECOND + i * SECOND // 10])
    robot.wait_for('the report', lambda: 'unknown: 2 publishers' in robot.diagnostic('input').get(
        'lost in transport', ''))
    assert robot.diagnostic('input')['level'] == b'\x01'
    assert f'2 publishers send images on /image (/{robot.node.get_name()}, /{robot.node.get_name()})' in node.log()
    for i in range(4):  # each numbers its own
        second.publish(image_message(SECOND + (2 * i + 4) * SECOND // 10, scene(0)))
        robot.show(SECOND + (2 * i + 5) * SECOND // 10)
        robot.spin(0.05)
    robot.node.destroy_publisher(second)
    robot.wait_for('its end', lambda: robot.diagnostic('input').get('lost in transport') == '0')

    robot.wait_for('the silence', lambda: 'no image on /image for' in node.log())
    robot.show(3 * SECOND, scene(3, (72, 96)))
    robot.wait_for('the line', lambda: 'images are back after' in node.log() and
                   'images are 96×72 pixels now, no longer 128×96' in node.log())


@pytest.mark.parametrize(('transport', 'topic', 'kind', 'other'), [
    ('raw', 'image/compressed', CompressedImage, 'compressed'), ('compressed', 'image', Image, 'raw')])
def test_images_that_are_sent_another_way_are_told(start_node, make_robot, transport, topic, kind, other):
    """A driver that publishes the one alone: the line says which image_transport it is."""
    node, robot = start_node(image_transport=transport), make_robot(topic='elsewhere')
    robot.node.create_publisher(kind, topic, QoSProfile(depth=1))
    robot.wait_for('the line', lambda: f"nobody publishes it, but /{topic} is there: set image_transport to '{other}'"
                   in node.log(), 30)


def test_images_that_end_in_order_are_no_trouble(run):
    """A player that leaves at its bag's end is told once; nobody warns that its images do not come any more."""
    node, robot = run()
    robot.show_and_wait([SECOND, 2 * SECOND])
    robot.spin(1.5)  # the node looks round each second
    robot.node.destroy_publisher(robot.camera)
    robot.wait_for('the end', lambda: f'/image have ended: /{robot.node.get_name()}, who' in node.log(), 10)
    robot.wait_for('the silence', lambda: 'nobody publishes it' in robot.diagnostic('input').get('message', ''), 15)
    robot.spin(1.5)
    assert node.log().count('have ended') == 1 and 'no image on /image' not in node.log()
