# SPDX-License-Identifier: Apache-2.0
"""Photographs as paint: real pictures on a synthetic room's surfaces."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from .textures import Painter

SPANS = (0.35, 4.0)  # metres that a picture's long side covers
SHARPEST = 90.0  # texels per metre that are kept: finer ones would only flicker


class Album:
    """Pictures to paint with, each (h, w, 3) uint8 RGB, at least 48 pixels a side; none of them changed."""

    def __init__(self, pictures: Sequence[np.ndarray]) -> None:
        """Take the pictures. Raises ValueError for an empty album."""
        if not pictures:
            raise ValueError('an album needs at least one picture')
        self._pictures = list(pictures)

    def painter(self, rng: np.random.Generator) -> Painter:
        """Return a painter that tiles one of the pictures, mirrored at its edges, turned, toned and sized by chance."""
        picture = self._pictures[rng.integers(len(self._pictures))]
        if rng.random() < 0.5:
            picture = picture[:, ::-1]
        if rng.random() < 0.3:
            picture = np.rot90(picture)
        if rng.random() < 0.35:
            picture = picture[..., rng.permutation(3)]
        density = max(picture.shape[:2]) / np.exp(rng.uniform(*np.log(SPANS)))
        if density > SHARPEST:
            scale = SHARPEST / density
            picture = cv2.resize(np.ascontiguousarray(picture), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            density = SHARPEST
        start = rng.random(2) * picture.shape[:2]
        gain, gamma, contrast = np.exp(rng.normal(0, 0.25)), np.exp(rng.normal(0, 0.2)), rng.uniform(0.5, 1)
        mean = picture.reshape(-1, 3).mean(0) / 255

        def paint(_: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
            rows, columns = (_mirrored(along.ravel() * density + first, count)
                             for along, first, count in zip((y, x), start, picture.shape[:2]))
            shown = mean + (picture[rows][:, columns] / np.float32(255) - mean) * contrast
            return np.clip(np.clip(shown, 0, 1) ** gamma * gain, 0, 1).astype(np.float32)

        return paint


def _mirrored(position: np.ndarray, count: int) -> np.ndarray:
    """Return indices below count of positions in texels, there and back again."""
    index = position.astype(np.intp) % (2 * count)
    return np.where(index < count, index, 2 * count - 1 - index)
