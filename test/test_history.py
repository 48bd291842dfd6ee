# SPDX-License-Identifier: Apache-2.0
"""The poses of the last while, and those between them."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from ttt3r_ros.reconstruction import history
from ttt3r_ros.reconstruction.history import PoseHistory


def pose(turn: float, *place: float) -> np.ndarray:
    """Return (4, 4), turned about z."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler('z', turn).as_matrix()
    matrix[:3, 3] = place
    return matrix


def test_a_pose_between_two_is_their_mean_by_time():
    """Places on the straight line, turns on the shortest way; exact at the stamps, none before the first."""
    known = PoseHistory()
    assert known.at(5) is None
    known.add(100, pose(0.0, 0, 0, 0))
    known.add(200, pose(0.8, 4, 0, -2))
    known.add(240, pose(-0.4, 4, 8, -2))
    assert known.at(99) is None
    np.testing.assert_allclose(known.at(100), pose(0.0, 0, 0, 0), atol=1e-12)
    np.testing.assert_allclose(known.at(125), pose(0.2, 1, 0, -0.5), atol=1e-12)
    np.testing.assert_allclose(known.at(200), pose(0.8, 4, 0, -2), atol=1e-12)
    np.testing.assert_allclose(known.at(210), pose(0.5, 4, 2, -2), atol=1e-12)
    for late in (240, 1000):
        np.testing.assert_array_equal(known.at(late), pose(-0.4, 4, 8, -2))


def test_it_begins_anew_when_stamps_go_back_and_forgets_the_oldest(monkeypatch):
    """A stamp that is not later than the last ends what was known; its length is bounded."""
    known = PoseHistory()
    known.add(100, pose(0, 1, 0, 0))
    known.add(200, pose(0, 2, 0, 0))
    known.add(200, pose(0, 3, 0, 0))
    assert known.at(150) is None and known.at(200)[0, 3] == 3
    monkeypatch.setattr(history, 'LENGTH', 3)
    short = PoseHistory()
    for i in range(5):
        short.add(i, pose(0, i, 0, 0))
    assert short.at(1) is None and short.at(2)[0, 3] == 2
    short.forget()
    assert short.at(4) is None
