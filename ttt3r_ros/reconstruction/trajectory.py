# SPDX-License-Identifier: Apache-2.0
"""Segments chained into one continuous path."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ttt3r_ros.reconstruction import rotation

ALIGNMENTS = ('sim3', 'se3')
STEP_SOURCES = ('model', 'images')
ROUNDS = 10


class ChainError(ArithmeticError):
    """Two segments that their common frame does not tie together."""


def pose_matrix(pose: np.ndarray) -> np.ndarray:
    """Return the (4, 4) float64 matrix of a predicted pose (7,): translation, quaternion scalar-first."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation.of_quaternion(*pose[3:].tolist())
    matrix[:3, 3] = pose[:3]
    return matrix


def extent(motion: np.ndarray) -> tuple[float, float]:
    """Return metres and radians of a motion (4, 4)."""
    return float(np.linalg.norm(motion[:3, 3])), rotation.angle(motion[:3, :3])


def between(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """Return the pose (4, 4) a share of the way from one to another, on a straight line and the shorter arc."""
    pose = np.eye(4)
    turn = rotation.vector_of(first[:3, :3].T @ second[:3, :3])
    pose[:3, :3] = first[:3, :3] @ rotation.of_vector(share * turn)
    pose[:3, 3] = first[:3, 3] + share * (second[:3, 3] - first[:3, 3])
    return pose


@dataclass(frozen=True)
class Similarity:
    """x ↦ scale · R x + t, from a segment's world to the path's; `rigid` (4, 4) holds R and t."""

    scale: float = 1.0
    rigid: np.ndarray = field(default_factory=lambda: np.eye(4))

    def place(self, pose: np.ndarray) -> np.ndarray:
        """Return the path's camera-to-world pose (4, 4) for the segment's."""
        scaled = pose.copy()
        scaled[:3, 3] *= self.scale
        return self.rigid @ scaled

    def after(self, other: Similarity) -> Similarity:
        """Return x ↦ self(other(x)): where a segment lies whose path, in which `other` places it, lies so itself."""
        return Similarity(self.scale * other.scale, self.place(other.rigid))

    def taking(self, pose: np.ndarray, place: np.ndarray) -> Similarity:
        """Return the one of this scale that takes a pose of the segment to that place in the path, both (4, 4)."""
        return replace(self, rigid=place @ np.linalg.inv(Similarity(self.scale).place(pose)))

    def take_back(self, pose: np.ndarray) -> np.ndarray:
        """Return the segment's camera-to-world pose (4, 4) for the path's."""
        placed = np.linalg.inv(self.rigid) @ pose
        placed[:3, 3] /= self.scale
        return placed


@dataclass(frozen=True)
class Boundary:
    """One frame as one segment sees it: pose (4, 4) in the segment's world, points (h, w, 3), confidence (h, w).

    focal: the length in pixels that the points imply, NaN where they allow none.
    """

    pose: np.ndarray
    points: np.ndarray
    confidence: np.ndarray
    focal: float = np.nan


def relative_scale(old: Boundary, new: Boundary) -> float:
    """Return s that brings the new segment's points of a frame onto the old one's: argmin Σ w|p − s·p'|.

    w is the product of both confidences; the sum of distances, not of squares, so that a moving object does not
    decide (RayMap3R, arXiv 2603.20588, for the idea). NaN if the points allow no answer.
    """
    p, q = old.points.reshape(-1, 3).astype(np.float64), new.points.reshape(-1, 3).astype(np.float64)
    confidence = old.confidence.reshape(-1).astype(np.float64) * new.confidence.reshape(-1)
    along, square = (p * q).sum(-1), (q * q).sum(-1)
    weight = confidence
    scale = np.nan
    for _ in range(ROUNDS + 1):
        total = (weight * square).sum()
        scale = (weight * along).sum() / total if total > 0 else np.nan
        weight = confidence / np.maximum(np.linalg.norm(p - scale * q, axis=-1), 1e-8)
    return float(scale) if scale > 0 else np.nan


def chain(path: Similarity, old: Boundary, new: Boundary, alignment: str) -> Similarity:
    """Return where the new segment lies, given where the old one does and the frame that both have seen.

    The frame keeps its place and attitude exactly, so that the path has no jump; 'sim3' also takes the scale from
    the frame's points, 'se3' trusts both segments to be metric. Raises ChainError if 'sim3' finds no scale.
    """
    scale = path.scale
    if alignment == 'sim3':
        scale *= relative_scale(old, new)
        if not np.isfinite(scale):
            raise ChainError('the frame at the segment boundary gives no scale: its points in both segments disagree')
    return _at(path.place(old.pose), new, scale)


def rejoin(path: Similarity, last: Boundary, new: Boundary) -> Similarity:
    """Return where a segment lies that begins at the last frame's pose without having seen it; the scale stays."""
    return _at(path.place(last.pose), new, path.scale)


def _at(pose: np.ndarray, new: Boundary, scale: float) -> Similarity:
    """Return where a segment of that scale lies whose frame is at a pose (4, 4) of the path."""
    return Similarity(scale, pose @ np.linalg.inv(Similarity(scale).place(new.pose)))
