# SPDX-License-Identifier: Apache-2.0
"""Sizes that the running node refuses, each with the parameter that takes more."""

from __future__ import annotations

import numpy as np
from harness import scene
from ttt3r_ros.srv import QueryView

SECOND = 1_000_000_000


def test_too_large_is_refused_and_the_limits_change_live(run):
    """An image and a view of too many pixels are refused by number and parameter; after it is set they are answered."""
    node, robot = run(lossless=True, max_image_pixels=96 * 128, max_query_pixels=48 * 64)
    robot.show_and_wait([SECOND])
    robot.show(2 * SECOND, scene(2, (112, 144)))
    robot.show(3 * SECOND, np.full((1, 4000, 3), 90, np.uint8))
    robot.show_and_wait([4 * SECOND])
    assert robot.counters().dropped_invalid == 2 and robot.counters().answered == 2
    assert '144×112 pixels is too large: 12288 are taken' in node.log() and 'set max_image_pixels' in node.log()
    assert robot.set('max_image_pixels', 112 * 144).successful
    robot.show(5 * SECOND, scene(2, (112, 144)))
    robot.wait_for('the larger image', lambda: len(robot.heard['status']) == 3)

    view = QueryView.Request()
    view.pose.orientation.w = 1.0
    view.camera_info.width, view.camera_info.height = 80, 48
    view.camera_info.k = [60.0, 0.0, 40.0, 0.0, 60.0, 24.0, 0.0, 0.0, 1.0]
    refused = robot.call(QueryView, 'query_view', view)
    assert not refused.success and '80×48 pixels, and 3072 are' in refused.message
    assert 'max_query_pixels' in refused.message
    assert robot.set('max_query_pixels', 80 * 48).successful
    assert robot.call(QueryView, 'query_view', view).success
