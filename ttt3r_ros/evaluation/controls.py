# SPDX-License-Identifier: Apache-2.0
"""What one gets without looking: an answer has to be better than these to be worth anything."""

from __future__ import annotations

import numpy as np

STANDS_STILL, STRAIGHT_ON, BEST_CONSTANT, ONE_FACTOR = 'stands still', 'straight on', 'best constant', 'one factor'
PATHS = (STANDS_STILL, STRAIGHT_ON)


def path(name: str, truth: np.ndarray) -> np.ndarray:
    """Return the control's camera-to-world poses (n, 4, 4), given the true ones.

    'stands still': the first pose for ever. 'straight on': ahead, along the first camera's optical axis, at the true
    mean speed, and without a turn.
    """
    poses = np.repeat(truth[:1], len(truth), axis=0)
    if name == STRAIGHT_ON and len(truth) > 1:
        speed = np.linalg.norm(np.diff(truth[:, :3, 3], axis=0), axis=1).mean()
        poses[:, :3, 3] += speed * np.arange(len(truth))[:, None] * truth[0, :3, 2]
    return poses


def constant_depth(true: np.ndarray) -> np.ndarray:
    """Return the true median for each true depth (n,)."""
    return np.full_like(true, np.median(true)) if len(true) else true


def factor(predicted: np.ndarray, true: np.ndarray) -> float:
    """Return the median of true over predicted depth (n,), NaN of none."""
    return float(np.median(true / np.maximum(predicted, 1e-6))) if len(true) else float('nan')
