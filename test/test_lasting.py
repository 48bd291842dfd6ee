# SPDX-License-Identifier: Apache-2.0
"""Images that are old, as a node that stood still takes them: the first ones say nothing of clocks or of the base."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip('rclpy')
from nav_msgs.msg import Odometry as OdometryMessage  # noqa: E402
from std_msgs.msg import Header  # noqa: E402

from ttt3r_ros.reconstruction.odometry import Estimate  # noqa: E402
from ttt3r_ros.ros import between_frames, scaling  # noqa: E402
from ttt3r_ros.ros.between_frames import BetweenFrames, BetweenSettings  # noqa: E402
from ttt3r_ros.ros.conversions import to_time  # noqa: E402
from ttt3r_ros.ros.lasting import Lasting  # noqa: E402
from ttt3r_ros.ros.scaling import ScaleSettings, Scaling  # noqa: E402

SECOND = 1_000_000_000
# When images are taken, and by how many seconds they are old: two after a node stood still, and then a slow one.
TAKEN = ((10.0, 0.1), (14.0, 4.0), (14.1, 3.9), (14.2, 0.1), (15.0, 0.1), (16.0, 3.0), (16.9, 3.0))
LASTS = (17.1, 3.0)


@pytest.fixture
def lines(monkeypatch):
    """Return what is told, and the time, seconds, as a list of one."""
    told, now = [], [0.0]
    for module in (between_frames, scaling):
        monkeypatch.setattr(module, 'Lasting', lambda: Lasting(lambda: now[0]))
    monkeypatch.setattr(scaling.time, 'monotonic', lambda: now[0])
    return told, now


def test_answers_that_come_late_are_told_if_that_lasts(lines):
    """Between frames nothing is told then, and for a moment that needs no remedy."""
    told, now = lines
    clock = SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=round(now[0] * SECOND)))
    node = SimpleNamespace(create_lifecycle_publisher=lambda *_: SimpleNamespace(publish=lambda _: None),
                           create_timer=lambda *_: None, get_clock=lambda: clock)
    log = SimpleNamespace(warning=lambda text, every: told.append(text))
    turns = SimpleNamespace(of=lambda *_: None, learn=lambda *_: None)
    between = BetweenFrames(node, log, SimpleNamespace(broadcast=lambda *_: None), turns,
                            BetweenSettings(10.0, 0.0, 0.0), 'odom', '', '', lambda: [])
    estimate = Estimate(np.eye(4), np.eye(4), np.eye(6), np.zeros(6), np.eye(6), np.eye(4))
    for now[0], old in (*TAKEN, LASTS):
        assert not told
        between.answered(Header(stamp=to_time(round((now[0] - old) * SECOND))), 'base_link', estimate, True, True)
    assert 'answers come 3.0 s after' in told[0]


def test_wheels_that_wait_their_turn_are_no_other_clock(lines):
    """Images of a node that stood still may be answered before the wheels of meanwhile are taken."""
    told, now = lines
    heard = []
    node = SimpleNamespace(create_subscription=lambda kind, topic, receive, qos: (
        heard.append(receive) or SimpleNamespace(topic_name='/wheel_odometry')))
    log = SimpleNamespace(warning=lambda text, every: told.append(text))
    scale = Scaling(node, log, ScaleSettings(1.0, 'wheels', False, 0.0), 'base_link', 'wheel_odometry')
    frame = SimpleNamespace(pose=np.eye(4), unseen_motion=(0.0, 0.0))
    for now[0], behind in ((1.0, 0.1), *TAKEN, LASTS):
        assert not told and scale.diagnosis()['wheel odometry'] == 'no problem seen'
        stamp = round(now[0] * SECOND)
        message = OdometryMessage(child_frame_id='base_link')
        message.header.stamp = to_time(stamp - round(behind * SECOND))
        heard[0](message)
        scale.learn(stamp, frame, np.eye(4), np.array([0.0, 0.0, 1.0]), None)
        told[:] = [text for text in told if 'not after that of the one before' not in text]
    assert "the wheels' stamps are 3.00 s behind the images'" in told[0]
