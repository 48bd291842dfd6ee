# SPDX-License-Identifier: Apache-2.0
"""The search for a mount in TF: found wherever it is told, and not at the cost of all of TF for ever."""

from __future__ import annotations

import numpy as np
import pytest

rclpy = pytest.importorskip('rclpy')
from geometry_msgs.msg import TransformStamped  # noqa: E402
from tf2_msgs.msg import TFMessage  # noqa: E402

from ttt3r_ros.ros.frames import EVERY_S, SEARCHING_S, Frames, FrameUnknown  # noqa: E402
from ttt3r_ros.ros.log import Log  # noqa: E402


@pytest.fixture
def frames(ros):
    """Frames of a node that looks for a mount."""
    node = rclpy.create_node('seeker')
    made = Frames(node, Log(node), 'base_link')
    yield made
    made.destroy()
    node.destroy_node()


def listened(frames: Frames) -> set[str]:
    own = {'/tf', '/tf_static'}
    return {subscription.topic_name for subscription in frames._node.subscriptions} & own


def told(x: float) -> TFMessage:
    transform = TransformStamped(child_frame_id='camera')
    transform.header.frame_id = 'base_link'
    transform.transform.translation.x, transform.transform.rotation.w = x, 1.0
    return TFMessage(transforms=[transform])


def test_messages_without_a_frame_are_told_with_what_helps(frames, ros):
    """Whether a base is set or not, which does not help; images and IMU that both have none are not therefore one."""
    node = rclpy.create_node('bare')
    bare = Frames(node, Log(node), '')
    for ask, whose in ((lambda: frames.mount(''), 'the images'), (lambda: bare.mount(''), 'the images'),
                       (lambda: frames.fixed('camera', ''), 'messages of the IMU'),
                       (lambda: frames.fixed('', ''), 'messages of the images')):
        with pytest.raises(FrameUnknown, match=f'^{whose} have an empty frame_id: have their driver fill it in'):
            ask()
    bare.destroy()
    node.destroy_node()


def test_all_of_tf_is_heard_for_a_part_of_the_time(frames):
    """At first always, then one second in some, until the mount is there, or until somebody is heard at all; what is
    fixed is heard throughout."""
    with pytest.raises(FrameUnknown, match='^no transform base_link → camera .*; have robot_state_publisher or '):
        frames.mount('camera')

    def heard(seconds: int, talks: bool) -> list[bool]:
        kept = []
        for _ in range(seconds):
            frames.tend()
            assert '/tf_static' in listened(frames)
            kept.append('/tf' in listened(frames))
            if talks and kept[-1]:
                frames._hear(TFMessage())
        return kept

    first = heard(SEARCHING_S + 3 * EVERY_S, talks=True)
    assert all(first[:SEARCHING_S - 1]) and sum(first[SEARCHING_S:]) == 3
    assert sum(heard(3 * EVERY_S, talks=False)) > 2 * EVERY_S
    frames._hear(told(0.25))
    assert np.allclose(frames.mount('camera')[:3, 3], (0.25, 0, 0))
    frames.tend()
    assert not listened(frames)


def test_a_fixed_mount_is_found_at_once(frames):
    """Also in a second in which /tf is not listened to."""
    with pytest.raises(FrameUnknown):
        frames.mount('camera')
    for _ in range(SEARCHING_S + 2):
        frames.tend()
        frames._hear(TFMessage())
    assert listened(frames) == {'/tf_static'}
    frames._hear_fixed(told(0.5))
    assert frames.mount('camera')[0, 3] == 0.5
