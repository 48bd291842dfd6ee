# SPDX-License-Identifier: Apache-2.0
"""A reconstructed cloud against the true one: accuracy, completeness, consistency of normals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

REACH = 0.1  # metres, of an ICP pair
ICP_ROUNDS, ICP_CHANGE = 30, 1e-6
NEIGHBOURS = 30  # of a point, it among them, that its normal is fitted to


@dataclass(frozen=True)
class SurfaceScore:
    """Metres from the prediction to the nearest true point (accuracy), and back (completeness); |n·n| of the nearest
    points' normals, both ways averaged; means and medians."""

    accuracy: float
    accuracy_median: float
    completeness: float
    completeness_median: float
    normals: float
    normals_median: float
    points: int


def score(predicted: np.ndarray, true: np.ndarray) -> SurfaceScore:
    """Compare clouds (n, 3) and (m, 3) in metres after point-to-point ICP from where they lie."""
    predicted = icp(predicted, true)
    theirs, mine = cKDTree(true), cKDTree(predicted)
    off, nearest_true = theirs.query(predicted)
    missed, nearest_mine = mine.query(true)
    my_normals, true_normals = normals(predicted, mine), normals(true, theirs)
    forth = np.abs((my_normals * true_normals[nearest_true]).sum(-1))
    back = np.abs((true_normals * my_normals[nearest_mine]).sum(-1))
    return SurfaceScore(float(off.mean()), float(np.median(off)), float(missed.mean()), float(np.median(missed)),
                        float((forth.mean() + back.mean()) / 2), float((np.median(forth) + np.median(back)) / 2),
                        len(predicted))


def icp(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Return the moving cloud (n, 3) laid rigidly on the fixed one; pairs farther apart than REACH do not count."""
    tree, before = cKDTree(fixed), (0.0, 0.0)
    distance, index = tree.query(moving, distance_upper_bound=REACH)
    for _ in range(ICP_ROUNDS):
        paired = np.isfinite(distance)
        if paired.sum() < 3:
            return moving
        rotation, shift = rigid(moving[paired], fixed[index[paired]])
        moving = moving @ rotation.T + shift
        distance, index = tree.query(moving, distance_upper_bound=REACH)
        paired = np.isfinite(distance)
        now = float(paired.mean()), float(np.sqrt((distance[paired] ** 2).mean())) if paired.any() else 0.0
        if abs(now[0] - before[0]) < ICP_CHANGE and abs(now[1] - before[1]) < ICP_CHANGE:
            break
        before = now
    return moving


def rigid(moving: np.ndarray, fixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rotation and shift that lay points on their partners with least squares (Kabsch)."""
    a, b = moving.mean(axis=0), fixed.mean(axis=0)
    u, _, vt = np.linalg.svd((moving - a).T @ (fixed - b))
    turn = vt.T @ np.diag((1, 1, np.sign(np.linalg.det(vt.T @ u.T)))) @ u.T
    return turn, b - turn @ a


def normals(points: np.ndarray, tree: cKDTree) -> np.ndarray:
    """Return the direction in which each point's neighbours spread least, (n, 3), of either sign."""
    _, index = tree.query(points, min(NEIGHBOURS, len(points)))
    near = points[index.reshape(len(points), -1)]
    near = near - near.mean(axis=1, keepdims=True)
    _, vectors = np.linalg.eigh(np.einsum('nki,nkj->nij', near, near))
    return vectors[..., 0]
