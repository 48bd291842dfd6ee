# SPDX-License-Identifier: Apache-2.0
"""Single rotations: what SciPy makes of them, without its cost."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from ttt3r_ros.reconstruction import rotation
from ttt3r_ros.reconstruction.history import PoseHistory

RNG = np.random.default_rng(0)
AXES = [*np.eye(3), *-np.eye(3), *RNG.normal(size=(30, 3))]
ANGLES = [0.0, 1e-300, 1e-12, 1e-8, 1e-5, 1e-3, 0.5, 1.5, np.pi / 2, 3.0, np.pi - 1e-3, np.pi - 1e-7, np.pi - 1e-12,
          np.pi]
VECTORS = [angle * axis / np.linalg.norm(axis) for angle in ANGLES for axis in AXES]


def test_vectors_and_matrices_are_scipys():
    """From nothing to half a turn about every axis, there and back, to the last digits of float64."""
    for vector in VECTORS:
        matrix = Rotation.from_rotvec(vector).as_matrix()
        np.testing.assert_allclose(rotation.of_vector(vector), matrix, atol=1e-15)
        length = np.linalg.norm(vector)
        assert rotation.angle(matrix) == pytest.approx(length, rel=1e-12, abs=1e-15)
        found = rotation.vector_of(matrix)
        if length > np.pi - 1e-6 and found @ vector < 0:  # half a turn has two, and next to it rounding decides
            found = found * (1 - 2 * np.pi / np.linalg.norm(found))
        np.testing.assert_allclose(found, vector, rtol=1e-12, atol=1e-15 if length < 3 else 1e-9)


def test_quaternions_are_scipys():
    """Of any length, with w not negative; the one of length 0 is refused."""
    for vector in VECTORS:
        turn = Rotation.from_rotvec(vector)
        x, y, z, w = turn.as_quat(canonical=True)
        found = rotation.quaternion(turn.as_matrix())
        assert found[0] >= 0
        np.testing.assert_allclose(np.outer(found, found), np.outer((w, x, y, z), (w, x, y, z)), atol=2e-15)
        np.testing.assert_allclose(rotation.of_quaternion(-3 * w, -3 * x, -3 * y, -3 * z), turn.as_matrix(), atol=1e-15)
    with pytest.raises(ValueError, match='length 0'):
        rotation.of_quaternion(0, 0, 0, 0)


def test_a_product_turns_by_the_right_one_first():
    """As matrices do."""
    for a, b in zip(VECTORS, VECTORS[::-1]):
        both = rotation.product(rotation.quaternion_of_vector(a), rotation.quaternion_of_vector(b))
        np.testing.assert_allclose(rotation.of_quaternion(*both), rotation.of_vector(a) @ rotation.of_vector(b),
                                   atol=1e-15)


def test_what_is_not_quite_a_rotation_is_taken_for_one_near_it():
    """Rounded to float32, as a network's are, and after a thousand products: off by no more than the matrix is."""
    for vector in VECTORS:
        matrix = Rotation.from_rotvec(vector).as_matrix()
        rounded = matrix.astype(np.float32)
        off = rotation.of_quaternion(*rotation.quaternion(rounded)) - matrix
        assert np.abs(off).max() < 2e-7
    turned, step = np.eye(3), rotation.of_vector(np.array([0.01, -0.02, 0.03]))
    for _ in range(1000):
        turned = turned @ step
    np.testing.assert_allclose(rotation.of_quaternion(*rotation.quaternion(turned)),
                               Rotation.from_rotvec([10, -20, 30]).as_matrix(), atol=1e-12)


def test_a_pose_between_two_lies_on_the_shorter_arc():
    """As SciPy's Slerp has it."""
    first, second = np.eye(4), np.eye(4)
    first[:3, :3], second[:3, :3] = (Rotation.from_rotvec(v).as_matrix() for v in ([1, 2, -1], [-1, 0.5, 2]))
    history = PoseHistory()
    history.add(0, first)
    history.add(1000, second)
    arc = Slerp([0, 1000], Rotation.from_matrix([first[:3, :3], second[:3, :3]]))
    for stamp in (1, 250, 999):
        np.testing.assert_allclose(history.at(stamp)[:3, :3], arc(stamp).as_matrix(), atol=1e-14)
