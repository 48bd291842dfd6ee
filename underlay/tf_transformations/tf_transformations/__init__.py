# SPDX-License-Identifier: Apache-2.0
"""Quaternions in the order (x, y, z, w) and 4x4 homogeneous matrices, with the API of tf_transformations."""
import math
import warnings
from collections.abc import Sequence

import numpy as np


def identity_matrix() -> np.ndarray:
    """Return the 4x4 identity."""
    return np.identity(4)


def translation_matrix(direction: Sequence[float]) -> np.ndarray:
    """Return the 4x4 matrix that moves by `direction` (3)."""
    matrix = np.identity(4)
    matrix[:3, 3] = direction
    return matrix


def translation_from_matrix(matrix: np.ndarray) -> np.ndarray:
    """Return the translation (3) of a 4x4 matrix."""
    return np.array(matrix, dtype=float)[:3, 3]


def concatenate_matrices(*matrices: np.ndarray) -> np.ndarray:
    """Return the product of 4x4 matrices, first on the left."""
    product = np.identity(4)
    for matrix in matrices:
        product = product @ matrix
    return product


def inverse_matrix(matrix: np.ndarray) -> np.ndarray:
    """Return the inverse of a square matrix."""
    return np.linalg.inv(matrix)


def quaternion_matrix(quaternion: Sequence[float]) -> np.ndarray:
    """Return the 4x4 rotation of a quaternion of any length; of the zero quaternion, the identity."""
    x, y, z, w = map(float, quaternion)
    square = x * x + y * y + z * z + w * w
    s = 2 / square if square > 0 else 0.0
    return np.array([[1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w), 0],
                     [s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w), 0],
                     [s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y), 0],
                     [0, 0, 0, 1]])


def quaternion_from_matrix(matrix: np.ndarray) -> tuple[float, float, float, float]:
    """Return the unit quaternion, w >= 0, of the rotation in a 4x4 matrix (a scale is divided out)."""
    rotation = np.array(matrix, dtype=float)[:3, :3]
    (a, b, c), (d, e, f), (g, h, i) = (rotation / np.linalg.norm(rotation, axis=0)).tolist()
    # What is divided by in the end is the largest of four, never small (Shepperd, 1978).
    x, y, z, w = max(((h - f, c - g, d - b, 1 + a + e + i), (1 + a - e - i, b + d, c + g, h - f),
                      (b + d, 1 - a + e - i, f + h, c - g), (c + g, f + h, 1 - a - e + i, d - b)),
                     key=lambda one: sum(part * part for part in one))
    length = math.copysign(math.sqrt(x * x + y * y + z * z + w * w), w)
    return x / length, y / length, z / length, w / length


# Euler angles alone ask for SciPy: it takes a process 26 MB and 0.2 s.


def _sequence(axes: str) -> str:
    # 's' turns about fixed axes, 'r' about the rotating ones, which scipy writes in capitals.
    return axes[1:].upper() if axes[0] == 'r' else axes[1:]


def quaternion_from_euler(ai: float, aj: float, ak: float, axes: str = 'sxyz') \
        -> tuple[float, float, float, float]:
    """Return the unit quaternion of three Euler angles in radians (roll, pitch, yaw by default)."""
    from scipy.spatial.transform import Rotation
    x, y, z, w = Rotation.from_euler(_sequence(axes), [ai, aj, ak]).as_quat()
    return x, y, z, w


def euler_from_quaternion(quaternion: Sequence[float], axes: str = 'sxyz') -> tuple[float, float, float]:
    """Return three Euler angles in radians (roll, pitch, yaw by default) of a quaternion of any length."""
    from scipy.spatial.transform import Rotation
    rotation = Rotation.from_matrix(quaternion_matrix(quaternion)[:3, :3])
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', UserWarning)  # in gimbal lock one angle is free: it becomes zero
        ai, aj, ak = rotation.as_euler(_sequence(axes))
    return ai, aj, ak


def quaternion_multiply(quaternion1: Sequence[float], quaternion0: Sequence[float]) \
        -> tuple[float, float, float, float]:
    """Return the Hamilton product q1 q0: the rotation q0, then q1."""
    x1, y1, z1, w1 = quaternion1
    x0, y0, z0, w0 = quaternion0
    return (w1 * x0 + x1 * w0 + y1 * z0 - z1 * y0,
            w1 * y0 + y1 * w0 + z1 * x0 - x1 * z0,
            w1 * z0 + z1 * w0 + x1 * y0 - y1 * x0,
            w1 * w0 - x1 * x0 - y1 * y0 - z1 * z0)


def quaternion_conjugate(quaternion: Sequence[float]) -> np.ndarray:
    """Return (-x, -y, -z, w)."""
    return np.array(quaternion, dtype=float) * (-1.0, -1.0, -1.0, 1.0)


def quaternion_inverse(quaternion: Sequence[float]) -> np.ndarray:
    """Return the quaternion whose product with this one is (0, 0, 0, 1)."""
    return quaternion_conjugate(quaternion) / np.dot(quaternion, quaternion)


def quaternion_slerp(quat0: Sequence[float], quat1: Sequence[float], fraction: float, spin: int = 0,
                     shortestpath: bool = True) -> np.ndarray:
    """Return the unit quaternion at `fraction` (0..1) of the arc from quat0 to quat1.

    `spin` adds half turns of the four-dimensional arc; `shortestpath` takes the nearer of quat1 and -quat1.
    """
    q0, q1 = (np.array(q, dtype=float) / np.linalg.norm(q) for q in (quat0, quat1))
    if fraction in (0.0, 1.0):
        return q1 if fraction else q0
    cosine = float(np.dot(q0, q1))
    if shortestpath and cosine < 0.0:
        q1, cosine = -q1, -cosine
    angle = math.acos(min(1.0, max(-1.0, cosine))) + spin * math.pi
    if abs(math.sin(angle)) < 1e-8:  # the same rotation: there is no arc to divide
        return q0
    return (math.sin((1.0 - fraction) * angle) * q0 + math.sin(fraction * angle) * q1) / math.sin(angle)
