# SPDX-License-Identifier: Apache-2.0
"""What a camera's publisher offers, and whether images come so."""

from __future__ import annotations

import pytest

pytest.importorskip('rclpy')
from rclpy.duration import Duration  # noqa: E402
from rclpy.qos import LivelinessPolicy, QoSProfile  # noqa: E402

from ttt3r_ros.ros.promise import Promise  # noqa: E402

DEADLINE = QoSProfile(depth=1, deadline=Duration(seconds=0.1))
LEASE = QoSProfile(depth=1, liveliness=LivelinessPolicy.MANUAL_BY_TOPIC,
                   liveliness_lease_duration=Duration(seconds=0.5))
# By itself DDS renews it as long as the process lives.
AUTOMATIC = QoSProfile(depth=1, liveliness=LivelinessPolicy.AUTOMATIC,
                       liveliness_lease_duration=Duration(seconds=0.1))


def heard(*times: float) -> Promise:
    promise = Promise()
    for time in times:
        promise.hear(time, time)
    return promise


@pytest.mark.parametrize('offered', [[], [QoSProfile(depth=1)], [AUTOMATIC]])
def test_who_promises_nothing_breaks_nothing(offered):
    """However long the gap is."""
    assert heard(1.0, 60.0).judge(40.0, offered) is None


@pytest.mark.parametrize(('offered', 'told'), [([DEADLINE], 'every 0.1 s'), ([LEASE], 'every 0.5 s'),
                                               ([LEASE, DEADLINE, QoSProfile(depth=1)], 'every 0.1 s')])
def test_a_gap_that_is_too_long_is_told_once(offered, told):
    """Between two images, or since the last one; then it is kept again."""
    promise = heard(1.0, 2.5)
    text = promise.judge(0.05, offered)
    assert told in text and 'none for 1.50 s' in text
    promise.hear(2.6, 2.6)
    assert promise.judge(0.05, offered) is None
    assert 'none for 2.00 s' in promise.judge(2.0, offered)


def test_one_late_image_and_a_camera_that_has_not_begun_are_none():
    """Only more than twice the time counts, and from the first image on."""
    assert Promise().judge(9.0, [DEADLINE]) is None
    assert heard(1.0, 1.18).judge(0.02, [DEADLINE]) is None


def test_images_that_were_sent_in_time_are_no_gap():
    """A node that is held up takes them late, and they come at once; nor is a sender's clock that is set."""
    promise = heard(1.0)
    for now, sent in ((4.0, 1.1), (4.001, 1.2), (4.002, 1.3), (4.1, 3600.0)):
        promise.hear(now, sent)
    assert promise.judge(0.0, [DEADLINE]) is None
    promise.hear(4.6, 3600.5)
    assert 'none for 0.50 s' in promise.judge(0.0, [DEADLINE])
