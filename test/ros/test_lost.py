# SPDX-License-Identifier: Apache-2.0
"""What a robot hears while its camera sees nothing: no pose that nobody knows, and why."""

from __future__ import annotations

from itertools import islice

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from harness import pose_matrix, stamp_of
from nav_msgs.msg import Path

from ttt3r_ros.reconstruction.tracking import HAND_HELD
from ttt3r_ros.synthetic import World

STEP = 100_000_000
DARK, LIGHT, FRAMES = 20, 26, 34
WITHHELD = ('pose', 'odometry', 'points', 'tf', 'path')


def test_in_the_dark_no_pose_is_told_and_afterwards_it_is_less_sure(run):
    """Depth and status go on; pose, TF, odometry, path and points rest; the way goes on from where it was lost."""
    images = [image for image, _ in islice(World(7, 192, (96, 128)).film(), FRAMES)]
    node, robot = run(lossless=True, weights='embedded')
    robot.listen('/ttt3r/path', 'path', Path)
    robot.wait_for('the path', lambda: robot.heard_by('path'))
    robot.meet()
    robot.wait_for('diagnostics', lambda: robot.diagnostic('tracking'))
    assert robot.diagnostic('tracking')['message'] == 'initialising: no image has been answered'

    def show(first: int, last: int, dark: bool = False) -> None:
        for i in range(first, last):
            robot.show(STEP * (i + 1), np.zeros_like(images[i]) if dark else images[i])
        robot.wait_for(f'{last} answers', lambda: len(robot.heard['status']) == last)
        robot.spin(0.3)

    show(0, DARK)
    assert robot.counters().tracking == 'ok' and robot.counters().tracking_reason == ''
    before = {name: len(robot.heard[name]) for name in WITHHELD}
    assert set(before.values()) == {DARK}
    show(DARK, LIGHT, dark=True)
    status = robot.counters()
    assert status.tracking == 'lost' and 'the image is black' in status.tracking_reason
    assert (status.tracking_since.sec, status.tracking_since.nanosec) == divmod(STEP * (DARK + 1), 1_000_000_000)
    assert status.withheld_lost == LIGHT - DARK and status.answered == DARK and status.received == LIGHT
    assert {name: len(robot.heard[name]) for name in WITHHELD} == before
    robot.wait_for('the diagnostics', lambda: robot.diagnostic('tracking').get('level') == DiagnosticStatus.ERROR)
    assert 'lost: the image is black' in robot.diagnostic('tracking')['message']
    show(LIGHT, FRAMES)
    assert robot.counters().tracking == 'ok' and robot.counters().answered == FRAMES - LIGHT + DARK
    odometry = {stamp_of(message): message for message in robot.heard['odometry']}
    last, first = odometry[STEP * DARK], odometry[STEP * (LIGHT + 1)]
    np.testing.assert_allclose(pose_matrix(first.pose.pose), pose_matrix(last.pose.pose), atol=1e-9)
    # 0.7 s at max_speed, any way in it as likely.
    grown = np.diag(np.reshape(first.pose.covariance, (6, 6)) - np.reshape(last.pose.covariance, (6, 6)))
    assert (grown[:3] >= (HAND_HELD.max_speed * 0.7) ** 2 / 3 - 1e-6).all()
    assert first.twist.covariance[0] >= 1e5
    log = node.log()
    assert 'tracking lost, no pose is told: the image is black' in log
    assert 'begins: the path goes on where it was lost' in log and log.count('tracking ok') == 2


def test_whoever_wants_it_hears_the_pose_of_a_lost_camera_with_its_doubt(run):
    """With when_lost continue poses go on, their covariance says what they are worth, and path and memory get nothing.
    """
    images = [image for image, _ in islice(World(7, 192, (96, 128)).film(), LIGHT)]
    _, robot = run(lossless=True, weights='embedded', when_lost='continue')
    for i, image in enumerate(images):
        robot.show(STEP * (i + 1), image if i < DARK else np.zeros_like(image))
    robot.wait_for('all answers', lambda: len(robot.heard['odometry']) == len(robot.heard['status']) == LIGHT)
    assert robot.counters().tracking == 'lost' and robot.counters().answered == LIGHT
    variance = [message.pose.covariance[0] for message in robot.heard['odometry']]
    assert max(variance[:DARK]) < 0.5 < (HAND_HELD.max_speed * 0.5) ** 2 / 3 < variance[-1]
