# SPDX-License-Identifier: Apache-2.0
"""A map that loops may move is told as often as the odometry is, without a node: what BetweenFrames hands to TF."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from std_msgs.msg import Header

from ttt3r_ros.reconstruction.odometry import Estimate
from ttt3r_ros.ros.between_frames import BetweenFrames, BetweenSettings
from ttt3r_ros.ros.conversions import nanoseconds, to_time

SECOND = 1_000_000_000


@pytest.fixture
def between():
    """Return a function that makes one on a robot that stands, 10 predictions a second; and what it has sent."""
    sent = []

    def make(map_frame: str) -> BetweenFrames:
        silent = SimpleNamespace(publish=lambda message: None)
        node = SimpleNamespace(create_lifecycle_publisher=lambda *about: silent, create_timer=lambda *about: None)
        frames = SimpleNamespace(broadcast=lambda *transforms: sent.extend(transforms))
        turns = SimpleNamespace(of=lambda child, start, end: None, learn=lambda stamp, child, estimate: None)
        return BetweenFrames(node, frames, turns, BetweenSettings(10.0, 0.2, 0.0), 'odom', map_frame, '', lambda: [])

    return make, sent


def answer(between: BetweenFrames, stamp: int, moved: float) -> None:
    """Give the answer of an image, with the map moved so far along x, metres."""
    map_from_odom = np.eye(4)
    map_from_odom[0, 3] = moved
    estimate = Estimate(np.eye(4), np.eye(4), np.eye(6), np.zeros(6), np.eye(6), map_from_odom)
    between.answered(Header(stamp=to_time(stamp)), 'base_link', estimate, True, True)


def told(sent: list, parent: str) -> list[tuple[int, float]]:
    """Return stamps and x of the transforms below a frame."""
    return [(nanoseconds(t.header.stamp), t.transform.translation.x) for t in sent if t.header.frame_id == parent]


def test_the_map_has_the_stamps_of_the_odometry_and_moves_from_its_image_s_on(between):
    """Each stamp of odom → base_link has its map → odom; one that a loop moves counts from its image's stamp."""
    make, sent = between
    one = make('map')
    answer(one, SECOND, 0.0)
    one._send_until(int(1.25 * SECOND))
    answer(one, int(1.5 * SECOND), 0.7)
    one._send_until(int(1.65 * SECOND))
    places = told(sent, 'map')
    assert [stamp for stamp, _ in places] == [stamp for stamp, _ in told(sent, 'odom')]
    tenths = [round(stamp / SECOND, 2) for stamp, _ in places]
    assert tenths == [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6]
    assert [moved for _, moved in places] == [0.0] * 5 + [0.7] * 2


def test_a_map_that_does_not_move_is_not_told_with_each(between):
    """It is in /tf_static, once."""
    make, sent = between
    one = make('')
    answer(one, SECOND, 0.0)
    one._send_until(int(1.25 * SECOND))
    assert len(told(sent, 'odom')) == 3 and len(sent) == 3
