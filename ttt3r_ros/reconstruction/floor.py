# SPDX-License-Identifier: Apache-2.0
"""The floor below a camera, in its points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FEWEST = 10  # points
PLANES = 150  # that are tried; a third of the points on the floor gives 5 hits on average
POINTS = 1500  # of a frame that are looked at
TILT = np.radians(15)  # between the floor's normal and up: a slope, and an up that is not exact
ON_FLOOR = 0.03  # of the camera's height: a point that near a plane lies on it
LEAST_FLOOR = 0.15  # of the points below the camera
BELOW_WEIGHT = 2.0  # a point under a plane says more against it than one on it says for it: a table is no floor


@dataclass(frozen=True)
class Floor:
    """height: of the camera above the plane, in the points' metres; tilted: the height over the plane's middle, along
    up, divided by that: 1 for a level plane."""

    height: float
    tilted: float


def find_floor(points: np.ndarray, up: np.ndarray, rng: np.random.Generator) -> Floor | None:
    """Return the floor that the camera is above, None where the points show none.

    points (..., 3) in the camera's frame, up (3,) there, of any length. RANSAC: of planes through three points that
    lie nearly level, the one with most points on it and fewest below; least squares over those on it.
    """
    points = points.reshape(-1, 3)
    points = points[::max(len(points) // (8 * POINTS), 1)].astype(np.float64)
    up = up / np.linalg.norm(up)
    below = points[np.isfinite(points).all(axis=1) & (points @ up < 0)]
    if len(below) > POINTS:
        below = below[rng.choice(len(below), POINTS, replace=False)]
    if len(below) < FEWEST:
        return None
    corners = below[rng.integers(len(below), size=(PLANES, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    level = np.abs(normals @ up) > np.cos(TILT) * np.maximum(lengths, 1e-12)
    if not level.any():
        return None
    normals = normals[level] / lengths[level, None]
    normals *= np.sign(normals @ up)[:, None]
    heights = -(normals * corners[level, 0]).sum(-1)
    over = (below @ normals.T + heights) / np.maximum(heights, 1e-12)
    score = (np.abs(over) < ON_FLOOR).sum(0) - BELOW_WEIGHT * (over < -ON_FLOOR).sum(0)
    best = int(np.argmax(np.where(heights > 0, score, -np.inf)))
    normal, height = normals[best], heights[best]
    for _ in range(3):
        floor = below[np.abs(below @ normal + height) < ON_FLOOR * height]
        if height <= 0 or len(floor) < max(FEWEST, LEAST_FLOOR * len(below)):
            return None
        middle = floor.mean(0)
        normal = np.linalg.svd(floor - middle, full_matrices=False)[2][2]
        normal = normal * np.sign(normal @ up)
        height = -float(normal @ middle)
    if normal @ up <= np.cos(TILT):
        return None
    return Floor(height, -float(np.median(floor @ up)) / height)
