# SPDX-License-Identifier: Apache-2.0
"""Cameras that are not as they should be, over DDS: what the log and the diagnostics say, and what is kept."""

from __future__ import annotations

import time
from array import array

import numpy as np
from harness import image_message, scene, stamp_of
from sensor_msgs.msg import Image

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
        for stamp in (now + i * SECOND // 10, now + i * SECOND // 10 - 5 * SECOND):
            robot.show(stamp)
            robot.spin(0.08)
    robot.wait_for('the reason', lambda: 'two clocks' in node.log())
    robot.wait_for('the report', lambda: any(
        'two clocks' in status.message for message in robot.heard['diagnostics'] for status in message.status))
    answered = [stamp_of(m) for m in robot.heard['status'][before:]]
    assert robot.counters().segment <= 1 and sum(stamp < now for stamp in answered) <= 1
    assert sum(stamp > now for stamp in answered) >= 5
    status = robot.counters()
    assert status.received == status.answered + status.dropped_stamp + status.dropped_overrun
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
