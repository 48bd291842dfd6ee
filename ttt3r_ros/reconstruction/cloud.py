# SPDX-License-Identifier: Apache-2.0
"""A frame's points as a cloud, and which of them to keep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ttt3r_ros.reconstruction.depth import between_surfaces, valid

CELL_BITS = 21  # three of them fit a 64-bit key
CELLS_EACH_WAY = 1 << (CELL_BITS - 1)
SMALLEST_CELL = 1e-3  # metres: below it a cell index could not reach a kilometre


class CloudFilterError(ValueError):
    """A setting that no cloud can be filtered by; the message names it and the remedy."""


@dataclass(frozen=True)
class Cloud:
    """points (..., 3) float32 metres, colours (..., 3) uint8, confidence (...) float32: organised (h, w) or flat (n,).

    A point left out of an organised cloud is NaN.
    """

    points: np.ndarray
    colours: np.ndarray
    confidence: np.ndarray


def cell_keys(points: np.ndarray, cell: float) -> np.ndarray:
    """Return one key, int64 (n,), for the cubic cell of that edge in metres around each of points (n, 3).

    -1 for a point that is not finite or lies more than CELLS_EACH_WAY cells from the origin.
    """
    with np.errstate(invalid='ignore', over='ignore'):
        cells = np.floor(points.astype(np.float64) / cell) + CELLS_EACH_WAY
        inside = ((cells >= 0) & (cells < 2 * CELLS_EACH_WAY)).all(axis=-1)
    x, y, z = np.where(inside[:, None], cells, 0).astype(np.int64).T
    return np.where(inside, (x << 2 * CELL_BITS) | (y << CELL_BITS) | z, -1)


@dataclass(frozen=True)
class CloudFilter:
    """What to keep of a frame's points.

    confidence_percentile: this part of the points, 0 to less than 100, is left out, the least confident first.
    confidence_threshold: as the network gives it, at least 1. min_depth, max_depth: metres along z.
    outliers: points between two surfaces are left out if they are off both by more than this part of their inverse
    depth (depth.between_surfaces), 0 keeps them; it looks at the whole image, before the stride.
    stride: every how many rows and columns. max_points: of the strided image at most; a larger stride is taken where it
    has more, 0 for any number. voxel: edge in metres of cells that keep one point each, the most
    confident; 0 keeps all. Raises CloudFilterError.
    """

    confidence_percentile: float = 0.0
    confidence_threshold: float = 0.0
    min_depth: float = 0.0
    max_depth: float = np.inf
    outliers: float = 0.0
    stride: int = 1
    max_points: int = 0
    voxel: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is not possible."""
        if not 0 <= self.confidence_percentile < 100:
            raise CloudFilterError(f'confidence_percentile {self.confidence_percentile} is not possible: '
                                   f'take 0 (keep all) or more, and less than 100, which would keep nothing')
        if not self.confidence_threshold >= 0:
            raise CloudFilterError(f'confidence_threshold {self.confidence_threshold} is not possible: '
                                   f'take 0 (keep all) or more')
        if not 0 <= self.min_depth < self.max_depth:
            raise CloudFilterError(f'min_depth {self.min_depth} is not possible with max_depth {self.max_depth}, '
                                   f'as no depth lies between: take 0 ≤ min_depth < max_depth')
        if not 0 <= self.outliers < 1:
            raise CloudFilterError(f'outliers {self.outliers} is not possible: take 0 (keep all) or a small part of '
                                   'the depth, such as 0.03')
        if self.stride < 1 or self.stride != int(self.stride):
            raise CloudFilterError(f'stride {self.stride} is not possible: take a whole number, 1 or more')
        if self.max_points < 0 or self.max_points != int(self.max_points):
            raise CloudFilterError(f'max_points {self.max_points} is not possible: take 0 (any number) or a whole '
                                   'number')
        if self.voxel != 0 and not SMALLEST_CELL <= self.voxel < np.inf:
            raise CloudFilterError(f'voxel {self.voxel} m is not possible: take 0 (keep all) or at least '
                                   f'{SMALLEST_CELL} m')

    def apply(self, points: np.ndarray, colours: np.ndarray, confidence: np.ndarray, *, organised: bool) -> Cloud:
        """Return what is kept of points (h, w, 3) in the camera frame, colours (h, w, 3) and confidence (h, w).

        Organised: rows and columns stay, strided, and what is left out is NaN. Else a flat cloud, row by row.
        """
        step = (slice(None, None, self._stride(*confidence.shape)),) * 2
        astray = between_surfaces(points[..., 2], self.outliers)[step] if self.outliers else None
        points, colours, confidence = points[step], colours[step], confidence[step]
        kept = self._kept(points, confidence, astray)
        if organised:
            points = points.copy()
            points[~kept] = np.nan
            return Cloud(points, colours, confidence)
        places = np.flatnonzero(kept)  # several times faster than an index of bools
        return Cloud(points.reshape(-1, 3).take(places, 0), colours.reshape(-1, 3).take(places, 0),
                     confidence.ravel().take(places))

    def told(self, depth: np.ndarray, confidence: np.ndarray) -> str:
        """Return what is filtered, of depth and confidence (h, w), and what part of it each filter alone would keep."""
        there = valid(depth, confidence)
        if not there.any():
            return 'no point has a depth'
        z, sure = depth[there], confidence[there]
        kept = {f'min_depth {self.min_depth:g}': z >= self.min_depth,
                f'max_depth {self.max_depth:g}': z <= self.max_depth,
                f'confidence_threshold {self.confidence_threshold:g}': sure >= self.confidence_threshold}
        if self.outliers:
            kept[f'outliers {self.outliers:g}'] = ~between_surfaces(depth, self.outliers)[there]
        parts = ', '.join(f'{name} keeps {100 * those.mean():.0f} %' for name, those in kept.items() if not those.all())
        return (f'of points {z.min():.2f} to {z.max():.2f} m away, of confidences from {sure.min():.1f} to '
                f'{sure.max():.1f}, {parts or "each keeps some"}')

    def _stride(self, height: int, width: int) -> int:
        """Return the stride that leaves no more than max_points of an image of this size."""
        stride = self.stride
        while 0 < self.max_points < -(-height // stride) * -(-width // stride):
            stride += 1
        return stride

    def _kept(self, points: np.ndarray, confidence: np.ndarray, astray: np.ndarray | None) -> np.ndarray:
        """Return which points stay, bool (h, w); astray: those that are outliers."""
        x, y, z = (points[..., axis] for axis in range(3))
        kept = valid(z, confidence, min_depth=self.min_depth, max_depth=self.max_depth,
                     confidence_threshold=self.confidence_threshold,
                     confidence_percentile=self.confidence_percentile) & np.isfinite(x) & np.isfinite(y)
        if astray is not None:
            kept &= ~astray
        if self.voxel:
            candidates = np.flatnonzero(kept)
            best = _most_confident(cell_keys(points[kept], self.voxel), confidence[kept])
            kept = np.zeros(kept.shape, bool)
            kept.flat[candidates[best]] = True
        return kept


def _most_confident(keys: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Return the index of each key's most confident point, the first of equals; key -1 is left out."""
    order = np.lexsort((-confidence, keys))
    ordered = keys[order]
    leads = np.ones(len(order), bool)
    leads[1:] = ordered[1:] != ordered[:-1]
    return order[leads & (ordered >= 0)]
