# SPDX-License-Identifier: Apache-2.0
"""Predicted depth against measured depth, over all pixels of a sequence at once, after one of three alignments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

ALIGNMENTS = ('metric', 'scale', 'scale_shift')
CLOSE = 1.25
ROUNDS = 10  # of reweighting
LEAST_SCALE = 1e-3
STEPS, RATE = 1000, 1e-4  # of Adam
BETAS, EPS = (0.9, 0.999), 1e-8


@dataclass(frozen=True)
class DepthScore:
    """abs_rel: mean |p − g| / g; close: share of pixels with max(p/g, g/p) < 1.25; over `pixels` pixels."""

    abs_rel: float
    close: float
    pixels: int


def score(predicted: np.ndarray, true: np.ndarray, alignment: str, clip: float | None = None) -> DepthScore | None:
    """Compare depths (n,) of the pixels that count, in metres; None of no pixel.

    alignment: 'metric', none; 'scale', one factor; 'scale_shift', a factor and a shift. clip: aligned depth beyond it
    counts as it.
    """
    if len(true) == 0:
        return None
    predicted, true = np.asarray(predicted, np.float64), np.asarray(true, np.float64)
    if alignment == 'scale':
        predicted = best_scale(predicted, true) * predicted
    elif alignment == 'scale_shift':
        factor, shift = best_scale_and_shift(predicted, true)
        predicted = factor * predicted + shift
    if clip is not None:
        predicted = np.minimum(predicted, clip)
    # A point behind the camera is never close.
    ratio = np.maximum(predicted / true, true / np.where(predicted > 0, predicted, 1e-9))
    return DepthScore(float((np.abs(predicted - true) / true).mean()), float((ratio < CLOSE).mean()), len(true))


def best_scale(predicted: np.ndarray, true: np.ndarray) -> float:
    """Return s of argmin Σ|s·p − g|, at least 1e-3, by ten rounds of reweighted squares from the ratio of means."""
    scale = true.mean() / predicted.mean()
    for _ in range(ROUNDS):
        weight = 1 / (np.abs(scale * predicted - true) + 1e-8)
        scale = (weight * predicted * true).sum() / (weight * predicted ** 2).sum()
    return float(max(scale, LEAST_SCALE))


def best_scale_and_shift(predicted: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """Return s, t of Σ|s·p + t − g| after 1,000 steps of Adam at 1e-4 from the ratio of medians and 0."""
    p, g = (torch.from_numpy(np.ascontiguousarray(x)) for x in (predicted, true))
    values = torch.tensor([np.median(true) / np.median(predicted), 0.0], dtype=torch.float64)
    mean, square = torch.zeros_like(values), torch.zeros_like(values)
    for step in range(1, STEPS + 1):
        slope = _slope(p, g, values)
        mean = BETAS[0] * mean + (1 - BETAS[0]) * slope
        square = BETAS[1] * square + (1 - BETAS[1]) * slope ** 2
        corrected = mean / (1 - BETAS[0] ** step), square / (1 - BETAS[1] ** step)
        values = values - RATE * corrected[0] / (corrected[1].sqrt() + EPS)
    return tuple(values.tolist())


def _slope(p: Tensor, g: Tensor, values: Tensor) -> Tensor:
    """Return the gradient of Σ|s·p + t − g|, (2,)."""
    sign = (values[0] * p + values[1] - g).sign()
    return torch.stack((sign @ p, sign.sum()))
