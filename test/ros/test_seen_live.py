# SPDX-License-Identifier: Apache-2.0
"""A live node in a real browser: its path and cameras are drawn where it says that they are."""

import time

import numpy as np
import pytest

pytest.importorskip('viser', reason='pip install viser')
from browser import IN_A_BROWSER, Browser  # noqa: E402
from harness import pose_matrix  # noqa: E402
from test_looking_on import Looking  # noqa: E402
from test_view_browser import (  # noqa: E402
    HEIGHT,
    WIDTH,
    assert_cameras_are_where_they_are,
    assert_path_is_where_it_is,
)

from ttt3r_ros.synthetic import World  # noqa: E402
from ttt3r_ros.view.live import LiveViewer  # noqa: E402

pytestmark = IN_A_BROWSER
FRAMES = 48
SIZE = (240, 320)


def test_a_live_node_is_seen_where_it_says_it_is(run, tmp_path):
    """What `ttt3r view --ros` draws of a node that walks through a room: within 5 pixels of the poses in `~/pose`."""
    _, robot = run(weights='embedded', lossless=True)
    looking, viewer = Looking(robot), LiveViewer(port=0)
    try:
        with Browser(tmp_path / 'profile', (WIDTH, HEIGHT)) as browser:
            browser.open(f'http://127.0.0.1:{viewer.port}')
            for i, (image, _) in enumerate(World(1002, FRAMES, SIZE).film()):
                before = len(looking.taken)
                robot.show(1_700_000_000_000_000_000 + i * 100_000_000, image)
                robot.wait_for('an answer', lambda n=i: looking.spin(1) or len(robot.heard['status']) > n)
                robot.wait_for('its frame', lambda: looking.spin(1) or bool(looking.taken) and np.allclose(
                    looking.taken[-1].pose, pose_matrix(robot.heard['pose'][-1].pose), atol=1e-6))
                for frame in looking.taken[before:]:
                    viewer.add(frame)
                time.sleep(0.1)  # a camera's pace: what waits to be drawn is passed over
            poses = np.array([pose_matrix(robot.heard['pose'][looking.cloud_of(frame)].pose)
                              for frame in looking.taken])
            assert len(poses) > FRAMES / 2  # one that is not trusted has no pose
            assert_path_is_where_it_is(viewer, browser, poses)
            half = [np.array(frame.image.shape[1::-1]) / 2 / frame.intrinsics[0, 0] for frame in looking.taken]
            # A quarter of the pictures' corners lie behind others'.
            assert_cameras_are_where_they_are(viewer, browser, poses, half, 0.7, 9)
    finally:
        looking.close()
        viewer.close()
