# SPDX-License-Identifier: Apache-2.0
"""Single rotations as matrices, quaternions and vectors: each image takes a dozen, and SciPy's cost it a millisecond.

Matrices (3, 3) turn from the frame of their columns; one that is not quite a rotation is taken for the nearest, nearly.
Quaternions are scalar-first and need not be of length 1. Vectors (3,) have the axis' direction and the angle's length,
radians.
"""

from __future__ import annotations

import math

import numpy as np

Quaternion = tuple[float, float, float, float]  # w x y z
IDENTITY: Quaternion = (1.0, 0.0, 0.0, 0.0)


def of_quaternion(w: float, x: float, y: float, z: float) -> np.ndarray:
    """Return the matrix of a quaternion. Raises ValueError for the one of length 0."""
    length = math.sqrt(w * w + x * x + y * y + z * z)
    if length == 0:
        raise ValueError('a quaternion of length 0 is no rotation')
    w, x, y, z = w / length, x / length, y / length, z / length
    return np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                     [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                     [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])


def quaternion(matrix: np.ndarray) -> Quaternion:
    """Return the unit quaternion w x y z of a rotation, w not negative."""
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
    # Of the four the largest comes first: what the others are divided by is never small (Shepperd, 1978).
    largest = max(a + e + i, a, e, i)
    if largest == a + e + i:
        w, x, y, z = 1 + a + e + i, h - f, c - g, d - b
    elif largest == a:
        w, x, y, z = h - f, 1 + a - e - i, b + d, c + g
    elif largest == e:
        w, x, y, z = c - g, b + d, 1 - a + e - i, f + h
    else:
        w, x, y, z = d - b, c + g, f + h, 1 - a - e + i
    length = math.copysign(math.sqrt(w * w + x * x + y * y + z * z), w)
    return w / length, x / length, y / length, z / length


def quaternion_of_vector(vector: np.ndarray) -> Quaternion:
    """Return the unit quaternion of a rotation vector (3,)."""
    x, y, z = vector.tolist()
    half = math.sqrt(x * x + y * y + z * z) / 2
    share = math.sin(half) / (2 * half) if half > 0 else 0.5
    return math.cos(half), share * x, share * y, share * z


def product(a: Quaternion, b: Quaternion) -> Quaternion:
    """Return the quaternion of the rotation b, then a."""
    (aw, ax, ay, az), (bw, bx, by, bz) = a, b
    return (aw * bw - ax * bx - ay * by - az * bz, aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx, aw * bz + ax * by - ay * bx + az * bw)


def of_vector(vector: np.ndarray) -> np.ndarray:
    """Return the matrix of a rotation vector (3,)."""
    return of_quaternion(*quaternion_of_vector(vector))


def vector_of(matrix: np.ndarray) -> np.ndarray:
    """Return the rotation vector (3,) of a rotation, of the two of half a turn one."""
    w, *axis = quaternion(matrix)
    length = math.hypot(*axis)
    share = 2 * math.atan2(length, w) / length if length > 0 else 2.0
    return np.array([share * one for one in axis])


def angle(matrix: np.ndarray) -> float:
    """Return by how many radians a rotation turns, 0 to π."""
    w, *axis = quaternion(matrix)
    return 2 * math.atan2(math.hypot(*axis), w)
