# SPDX-License-Identifier: Apache-2.0
"""A map that loops may move is told as often as the odometry is: by BetweenFrames to TF, and by a live node."""

from __future__ import annotations

import time
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
from harness import CAMERA_FRAME, image_message, matrix_of, stamp_of
from std_msgs.msg import Header

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.gravity import OPTICAL_TO_BODY
from ttt3r_ros.reconstruction.odometry import Estimate
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import Interval
from ttt3r_ros.ros.between_frames import BetweenFrames, BetweenSettings
from ttt3r_ros.ros.conversions import nanoseconds, to_time
from ttt3r_ros.synthetic import World

SECOND = 1_000_000_000
FRAMES, SEGMENT = 24, 4  # of a camera that goes to and fro: enough for two loops


@pytest.fixture
def between():
    """Return a function that makes one on a robot that stands, 10 predictions a second; and what it has sent."""
    sent = []

    def make(map_frame: str) -> BetweenFrames:
        silent = SimpleNamespace(publish=lambda message: None)
        now = SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=2 * SECOND))
        node = SimpleNamespace(create_lifecycle_publisher=lambda *about: silent, create_timer=lambda *about: None,
                               get_clock=lambda: now)
        frames = SimpleNamespace(broadcast=lambda *transforms: sent.extend(transforms))
        turns = SimpleNamespace(of=lambda child, start, end: None, learn=lambda stamp, child, estimate: None)
        return BetweenFrames(node, None, frames, turns, BetweenSettings(10.0, 0.2, 0.0), 'odom', map_frame, '',
                             lambda: [])

    return make, sent


def answer(between: BetweenFrames, stamp: int, moved: float, publish_tf: bool = True) -> None:
    """Give the answer of an image, with the map moved so far along x, metres."""
    map_from_odom = np.eye(4)
    map_from_odom[0, 3] = moved
    estimate = Estimate(np.eye(4), np.eye(4), np.eye(6), np.zeros(6), np.eye(6), map_from_odom)
    between.answered(Header(stamp=to_time(stamp)), 'base_link', estimate, True, publish_tf)


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


@pytest.mark.parametrize('map_frame', ['map', ''])
def test_the_map_is_ours_also_where_a_filter_tells_the_odometry(between, map_frame):
    """Without publish_tf the map is told as often as with it, and nothing else."""
    make, sent = between
    one = make(map_frame)
    answer(one, SECOND, 0.7, publish_tf=False)
    one._send_until(int(1.25 * SECOND))
    assert told(sent, 'map') == ([(round(tenth * SECOND), 0.7) for tenth in (1.0, 1.1, 1.2)] if map_frame else [])
    assert not told(sent, 'odom')


def test_a_closed_loop_moves_the_map_between_images_too(run):
    """A live camera, 50 predictions a second: at each stamp that odom → camera has, map → odom is what loops had
    corrected by the last image, to the digit; both come in order, and predictions lie before and after a loop
    that is closed."""
    there = [image for image, _ in islice(World(1, 150, (48, 64)).film(), 3)]
    images = ((there + there[::-1]) * (FRAMES // 6))[:FRAMES]
    library = Reconstructor(load_network('embedded').network, make_rule('ttt3r'), alignment='se3', step_source='images',
                            policy=Interval(SEGMENT), keyframes=20)
    frames = [library.step(image) for image in images]
    assert frames[-1].loop_closures > 0
    node, robot = run(lossless=True, weights='embedded', reset_policy='interval', reset_interval=SEGMENT,
                      segment_alignment='se3', keyframes=20, map_frame='map', odometry__rate=50.0,
                      odometry__image_delay=1.0)
    shown = []
    for image in images:
        shown.append(time.time_ns())
        robot.camera.publish(image_message(shown[-1], image))
        robot.spin(0.1)
    robot.wait_for('all answers', lambda: len(robot.heard['status']) == FRAMES)
    robot.spin(1.5)
    assert [s.loop_closures for s in robot.heard['status']] == [f.loop_closures for f in frames]
    transforms = [t for m in robot.heard['tf'] for t in m.transforms]
    in_map, in_odom = ([(stamp_of(t), matrix_of(t.transform.translation, t.transform.rotation)) for t in transforms
                        if t.child_frame_id == child] for child in ('odom', CAMERA_FRAME))
    stamps = np.array([stamp for stamp, _ in in_map])
    assert stamps.tolist() == [stamp for stamp, _ in in_odom] and (np.diff(stamps) > 0).all()
    begin = np.eye(4)
    begin[:3, :3] = OPTICAL_TO_BODY
    last = np.searchsorted(shown, stamps, side='right') - 1
    for (_, found), i in zip(in_map, last):
        np.testing.assert_allclose(found, begin @ frames[i].correction @ np.linalg.inv(begin), atol=1e-9)
    told = dict(in_odom)
    for stamp, frame in zip(shown, frames):
        np.testing.assert_allclose(told[stamp], begin @ frame.pose, atol=1e-9)
    moved = [i for i in range(1, FRAMES) if not np.allclose(frames[i].correction, frames[i - 1].correction, atol=0.01)]
    predicted = last[~np.isin(stamps, shown)]
    assert moved and {*moved, *(i - 1 for i in moved)} <= set(predicted)
    assert not [t for m in robot.heard['tf_static'] for t in m.transforms if t.header.frame_id == 'map']
    assert 'after TF had told its stamp' not in node.log()
