# SPDX-License-Identifier: Apache-2.0
"""How fast the tracked frame moves, from two of its poses, and where a speed leads."""

from __future__ import annotations

import numpy as np

from ttt3r_ros.reconstruction import rotation

SHORTEST_GAP_NS = 2_000_000  # stamps that are nearer are of a driver's burst, and no camera's
LONGEST_GAP_NS = 1_500_000_000  # one image a second, late by half; a mean over more says little about now
SMALL_ANGLE = 1e-4  # radians; below, the series is exact to the last digit


def logarithm(motion: np.ndarray) -> np.ndarray:
    """Return the SE(3) logarithm (6,) of motion (4, 4): the translation part in metres, then the rotation in radians.

    A constant twist of this size, along the frame's own axes for one unit of time, is the motion. A rotation by half
    a turn has two logarithms; one of them is returned.
    """
    turn = rotation.vector_of(motion[:3, :3])
    angle = np.linalg.norm(turn)
    # From the half angle: 1/θ² − (1 + cos θ) / (2θ sin θ) would be 0/0 at half a turn.
    bend = 1 / 12 if angle < SMALL_ANGLE else 1 / angle ** 2 - 1 / (2 * angle * np.tan(angle / 2))
    translation = motion[:3, 3]
    turned = np.cross(turn, translation)
    return np.concatenate((translation - turned / 2 + bend * np.cross(turn, turned), turn))


def exponential(motion: np.ndarray) -> np.ndarray:
    """Return the motion (4, 4) whose SE(3) logarithm (6,) this is: a twist held for one unit of time."""
    translation, turn = motion[:3], motion[3:]
    angle = np.linalg.norm(turn)
    if angle < SMALL_ANGLE:
        once, twice = 1 / 2 - angle ** 2 / 24, 1 / 6 - angle ** 2 / 120
    else:
        once, twice = (1 - np.cos(angle)) / angle ** 2, (angle - np.sin(angle)) / angle ** 3
    turned = np.cross(turn, translation)
    matrix = np.eye(4)
    matrix[:3, :3] = rotation.of_vector(turn)
    matrix[:3, 3] = translation + once * turned + twice * np.cross(turn, turned)
    return matrix


def twist(before: np.ndarray, before_ns: int, after: np.ndarray, after_ns: int, *,
          longest_gap_ns: int = LONGEST_GAP_NS) -> np.ndarray | None:
    """Return the mean twist (6,), m/s and rad/s about x y z of the tracked frame itself, between two of its poses.

    before, after (4, 4): the tracked frame in any fixed frame, at stamps in integer nanoseconds. None where the
    second stamp is not later by SHORTEST_GAP_NS, or later by more than longest_gap_ns: what is not known is not told.
    """
    gap = int(after_ns) - int(before_ns)
    if not SHORTEST_GAP_NS <= gap <= longest_gap_ns:
        return None
    return logarithm(np.linalg.inv(before) @ after) / (gap * 1e-9)


def cross(vector: np.ndarray) -> np.ndarray:
    """Return the matrix (3, 3) that makes vector (3,) × another of the other."""
    x, y, z = vector
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])


def carried(covariance: np.ndarray, mount: np.ndarray) -> np.ndarray:
    """Return the covariance (6, 6) of a body's twist, for that (6, 6) of a frame fixed on it at mount (4, 4)."""
    turned = adjoint(mount)
    return turned @ covariance @ turned.T


def adjoint(mount: np.ndarray) -> np.ndarray:
    """Return the matrix (6, 6) that makes a body's shift and turn of those of a frame fixed on it at mount (4, 4)."""
    turned = np.zeros((6, 6))
    turned[:3, :3] = turned[3:, 3:] = mount[:3, :3]
    turned[:3, 3:] = cross(mount[:3, 3]) @ mount[:3, :3]
    return turned


def at_end_of(step: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Return a pose's deviations (..., 6), shift and turn in its axes, as those of the pose after a step (4, 4)."""
    return deviations @ adjoint(np.linalg.inv(step)).T


def lengthened(deviations: np.ndarray | None, scale: float) -> np.ndarray | None:
    """Return deviations (..., 6) of a shift and a turn where a metre is so many; None of None."""
    return None if deviations is None else deviations * np.repeat((scale, 1.0), 3)


def stretched(covariance: np.ndarray | None, scale: float) -> np.ndarray | None:
    """Return the covariance (6, 6) of a shift and a turn where a metre is so many; None of None."""
    if covariance is None:
        return None
    return lengthened(lengthened(covariance, scale).T, scale).T
