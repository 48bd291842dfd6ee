# SPDX-License-Identifier: Apache-2.0
"""Points in a camera's frame, in any order, as the picture that a pinhole makes of them."""

from __future__ import annotations

import numpy as np


def picture_of(points: np.ndarray, colours: np.ndarray, confidence: np.ndarray, intrinsics: np.ndarray,
               size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return points (h, w, 3), NaN where none, colours (h, w, 3) uint8, confidence (h, w) and their intrinsics (3, 3).

    points (n, 3), metres, NaN where there are none, colours (n, 3), confidence (n,); intrinsics and size (h, w) of the
    camera. Of a camera with many times n pixels every second row and column is taken, or every third, …, so that few
    are empty; of several points in a pixel the nearest is seen.
    """
    step = max(1, round((size[0] * size[1] / max(len(points), 1)) ** 0.5))
    height, width = (-(-side // step) for side in size)
    intrinsics = np.diag([1 / step, 1 / step, 1]) @ intrinsics
    kept = np.flatnonzero(np.isfinite(points).all(axis=1) & (points[:, 2] > 0))
    kept = kept[np.argsort(-points[kept, 2], kind='stable')]  # the nearest last
    u, v = np.rint((points[kept] @ intrinsics.T)[:, :2] / points[kept, 2:]).T
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    place, kept = (v[inside].astype(int), u[inside].astype(int)), kept[inside]
    placed = np.full((height, width, 3), np.nan, np.float32)
    picture, sure = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.float32)
    placed[place], picture[place], sure[place] = points[kept], colours[kept], confidence[kept]
    return placed, picture, sure, intrinsics
