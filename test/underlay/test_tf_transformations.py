# SPDX-License-Identifier: Apache-2.0
"""What tf_transformations promises, the real one and the one of underlay/ alike."""
import numpy as np
import pytest
import tf_transformations as tft

RNG = np.random.default_rng(7)
EULER_MATRIX = {  # rotations about one axis, written out
    'x': lambda a: np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]]),
    'y': lambda a: np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]]),
    'z': lambda a: np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]]),
}


def unit_quaternions(count=50):
    """Random ones, and every half turn and quarter turn about an axis, where formulas break."""
    q = RNG.normal(size=(count, 4))
    special = np.vstack([np.eye(4), -np.eye(4), [[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, -1], [1, 1, 0, 0]]])
    q = np.vstack([q, special])
    return q / np.linalg.norm(q, axis=1, keepdims=True)


def rotate(q, v):
    """Rodrigues' formula on a quaternion (x, y, z, w)."""
    u, w = np.asarray(q[:3]), q[3]
    return v + 2 * w * np.cross(u, v) + 2 * np.cross(u, np.cross(u, v))


def same_rotation(a, b):
    return abs(abs(np.dot(a, b)) - 1.0) < 1e-9


def test_quaternion_matrix_rotates_as_the_quaternion_does():
    """R(q) v must be q v q*, and the rest of the matrix the identity's."""
    for q in unit_quaternions():
        matrix, v = tft.quaternion_matrix(q), RNG.normal(size=3)
        np.testing.assert_allclose(matrix[:3, :3] @ v, rotate(q, v), atol=1e-12)
        np.testing.assert_array_equal(matrix[3], [0, 0, 0, 1])
        np.testing.assert_array_equal(matrix[:3, 3], 0)


def test_quaternion_matrix_normalises():
    """A quaternion of any length must give the same rotation, and the zero quaternion none."""
    q = unit_quaternions(1)[0]
    np.testing.assert_allclose(tft.quaternion_matrix(3 * q), tft.quaternion_matrix(q), atol=1e-12)
    np.testing.assert_array_equal(tft.quaternion_matrix([0.0, 0.0, 0.0, 0.0]), np.eye(4))


def test_quaternion_from_matrix_inverts_quaternion_matrix():
    """Matrix and back must be the same rotation, with w not negative, half turns included."""
    for q in unit_quaternions():
        matrix = tft.quaternion_matrix(q)
        matrix[:3, 3] = RNG.normal(size=3)
        back = tft.quaternion_from_matrix(matrix)
        assert isinstance(back, tuple) and back[3] >= 0
        assert same_rotation(back, q)


def test_quaternion_from_matrix_divides_the_scale_out():
    """A uniform scale in the matrix must not reach the quaternion."""
    q = unit_quaternions(1)[0]
    matrix = tft.quaternion_matrix(q)
    matrix[:3, :3] *= 2.5
    assert same_rotation(tft.quaternion_from_matrix(matrix), q)


@pytest.mark.parametrize('axes', ['sxyz', 'rxyz', 'szyx', 'rzyx', 'syxz', 'szxz', 'rzxz'])
def test_quaternion_from_euler(axes):
    """The angles must turn about fixed axes (s) or rotating ones (r), in the order of the letters."""
    for angles in RNG.uniform(-np.pi, np.pi, size=(20, 3)):
        a, b, c = (EULER_MATRIX[axis](angle) for axis, angle in zip(axes[1:], angles))
        expected = c @ b @ a if axes[0] == 's' else a @ b @ c
        q = tft.quaternion_from_euler(*angles, axes)
        assert isinstance(q, tuple)
        np.testing.assert_allclose(tft.quaternion_matrix(q)[:3, :3], expected, atol=1e-12)


@pytest.mark.parametrize('axes', ['sxyz', 'rzyx', 'szxz'])
def test_euler_from_quaternion_inverts_quaternion_from_euler(axes):
    """Angles and back must be the same rotation, also where the middle axis locks the others."""
    locked = [[0.3, np.pi / 2, 0.4], [0.3, -np.pi / 2, 0.4], [0.3, 0.0, 0.4]]
    for angles in [*RNG.uniform(-np.pi, np.pi, size=(20, 3)), *locked]:
        q = tft.quaternion_from_euler(*angles, axes)
        back = tft.euler_from_quaternion(q, axes)
        np.testing.assert_allclose(tft.quaternion_matrix(tft.quaternion_from_euler(*back, axes)),
                                   tft.quaternion_matrix(q), atol=1e-6)


def test_roll_pitch_yaw():
    """The default must be roll, pitch, yaw in their usual ranges."""
    angles = [0.1, -0.2, 3.0]
    np.testing.assert_allclose(tft.euler_from_quaternion(tft.quaternion_from_euler(*angles)), angles)


def test_quaternion_multiply():
    """The product must be Hamilton's, of any lengths, first rotation on the right."""
    np.testing.assert_allclose(tft.quaternion_multiply([1, -2, 3, 4], [-5, 6, 7, 8]), [-44, -14, 48, 28])
    a, b = unit_quaternions(2)[:2]
    v = RNG.normal(size=3)
    np.testing.assert_allclose(rotate(tft.quaternion_multiply(a, b), v), rotate(a, rotate(b, v)), atol=1e-12)


def test_quaternion_inverse():
    """A quaternion times its inverse must be one, whatever its length."""
    for q in 2.0 * unit_quaternions(5):
        product = tft.quaternion_multiply(q, tft.quaternion_inverse(q))
        np.testing.assert_allclose(product, [0, 0, 0, 1], atol=1e-12)
        np.testing.assert_array_equal(tft.quaternion_conjugate(q), q * [-1, -1, -1, 1])


def test_quaternion_slerp_walks_the_shortest_arc_at_constant_speed():
    """At fraction f the angle from the start must be f of the whole, which is at most half a turn."""
    for a, b in zip(unit_quaternions(20), unit_quaternions(20)[::-1]):
        whole = 2 * np.arccos(min(1.0, abs(np.dot(a, b))))
        for fraction in (0.0, 0.25, 0.5, 1.0):
            q = tft.quaternion_slerp(a, b, fraction)
            assert np.linalg.norm(q) == pytest.approx(1.0)
            angle = 2 * np.arccos(min(1.0, abs(np.dot(a, q))))
            assert angle == pytest.approx(fraction * whole, abs=1e-6)


def test_quaternion_slerp_between_equal_rotations():
    """Between a rotation and itself, of either sign, there must be that rotation."""
    q = unit_quaternions(1)[0]
    for other in (q, -q):
        assert same_rotation(tft.quaternion_slerp(q, other, 0.3), q)


def test_translations_and_products():
    """Matrices must multiply first on the left, invert, and give back their translation."""
    np.testing.assert_array_equal(tft.identity_matrix(), np.eye(4))
    move, turn = tft.translation_matrix([1.0, 2.0, 3.0]), tft.quaternion_matrix(unit_quaternions(1)[0])
    product = tft.concatenate_matrices(move, turn, move)
    np.testing.assert_allclose(product, move @ turn @ move, atol=1e-12)
    np.testing.assert_allclose(tft.translation_from_matrix(product), product[:3, 3], atol=1e-12)
    np.testing.assert_allclose(tft.inverse_matrix(product) @ product, np.eye(4), atol=1e-12)
