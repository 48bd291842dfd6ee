# SPDX-License-Identifier: Apache-2.0
"""The twist between two poses, against matrix exponentials."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm, logm
from scipy.spatial.transform import Rotation

from ttt3r_ros.reconstruction.twist import LONGEST_GAP_NS, logarithm, twist


def hat(vector):
    """Return the (4, 4) matrix of a twist (6,), linear part first."""
    matrix = np.zeros((4, 4))
    x, y, z = vector[3:]
    matrix[:3, :3] = [[0, -z, y], [z, 0, -x], [-y, x, 0]]
    matrix[:3, 3] = vector[:3]
    return matrix


def some_pose(seed=0):
    """Return a pose that is none of the axes' own."""
    rng = np.random.default_rng(seed)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = Rotation.random(None, rng).as_matrix(), rng.normal(0, 3, 3)
    return pose


@pytest.mark.parametrize('angle', [0, 1e-12, 1e-7, 0.9e-4, 1.1e-4, 1e-2, 1, 2.5, 3.1, np.pi - 1e-9])
def test_a_constant_twist_is_found_again(angle):
    """The logarithm of a twist's matrix exponential is the twist, from no turn to almost half a one."""
    rng = np.random.default_rng(1)
    for _ in range(10):
        axis = rng.normal(size=3)
        vector = np.concatenate((rng.normal(0, 2, 3), angle * axis / np.linalg.norm(axis)))
        np.testing.assert_allclose(logarithm(expm(hat(vector))), vector, atol=1e-7)


def test_the_logarithm_is_the_matrix_logarithm():
    """SciPy's general matrix logarithm of a motion holds the same six numbers."""
    for seed in range(10):
        motion = some_pose(seed)
        np.testing.assert_allclose(hat(logarithm(motion)), np.real(logm(motion)), atol=1e-9)


def test_half_a_turn_has_a_finite_twist_that_leads_there():
    """At exactly half a turn, where the sign is free, the answer's exponential is the motion."""
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = np.diag([-1.0, -1, 1]), (1, 2, 3)
    np.testing.assert_allclose(expm(hat(logarithm(motion))), motion, atol=1e-9)


def test_the_twist_is_in_the_child_frame_and_per_second():
    """Driving ahead with a turn reads the same wherever the base stands and looks; dates of today lose no digit."""
    true = np.array([0.8, 0, 0, 0, 0, 0.5])
    now = 1_790_000_000_123_456_789
    for seed in range(5):
        before = some_pose(seed)
        found = twist(before, now, before @ expm(hat(true) * 0.1), now + 100_000_000)
        np.testing.assert_allclose(found, true, atol=1e-7)


@pytest.mark.parametrize('gap', [0, -1, -100_000_000, 1, 200_000, LONGEST_GAP_NS + 1, 3600 * 10 ** 9])
def test_without_a_usable_time_there_is_no_twist(gap):
    """Equal stamps, a clock gone back, two images of one burst and a long gap give None: no infinity, no 400 m/s,
    and no mean over an hour."""
    assert twist(np.eye(4), 10 ** 18, some_pose(), 10 ** 18 + gap) is None


def test_the_longest_gap_is_still_told():
    """Up to the limit, and to a limit of one's own, there is a twist."""
    motion = expm(hat([1.0, 0, 0, 0, 0, 0]))
    assert twist(np.eye(4), 0, motion, LONGEST_GAP_NS)[0] == pytest.approx(1e9 / LONGEST_GAP_NS)
    assert twist(np.eye(4), 0, motion, 1_040_000_000) is not None  # of one image a second some are late
    assert twist(np.eye(4), 0, motion, 4 * 10 ** 9, longest_gap_ns=5 * 10 ** 9)[0] == pytest.approx(0.25)
