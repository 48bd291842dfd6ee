# SPDX-License-Identifier: Apache-2.0
"""Bars beside a picture, as upright films have in a wide one, and other borders: no camera sees them, and poses suffer.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ttt3r_ros.reconstruction.preprocess import PixelMap

LOOKED_AT = 20  # frames that show something
BLACK, SHOWN = 10, 60  # of 255: all of a bar is darker, through all frames; somewhere a picture is brighter
LEAST = 0.03  # of a side
# The picture begins at once beside a bar: brighter than so along at least this part of the edge. What a lamp lights at
# night, and a fisheye's circle, do not.
LIT, EDGE = 20, 0.6
UNLIT = 4  # of 255: what an image is put into is darker, and no sensor's night


@dataclass(frozen=True)
class Picture:
    """What lies between bars, in parts of the camera's image: its upper left corner and size."""

    x: float
    y: float
    width: float
    height: float

    def __str__(self) -> str:
        """Return what is wrong with it."""
        return (f'black bars, which no camera sees, take {1 - self.width * self.height:.0%} of the picture, and poses '
                'and depth suffer by them: cut them off before')


class BlackBars:
    """Looks at the first frames."""

    def __init__(self) -> None:
        """Begin with none."""
        self._left = LOOKED_AT
        self._brightest: np.ndarray | None = None

    def look(self, image: np.ndarray, pixel_map: PixelMap, left_out: np.ndarray | None = None) -> Picture | None:
        """Take a frame's image as the network saw it, uint8 (h, w, 3), and where that lies in the camera's.

        left_out: pixels, bool (h, w), that are known to be no picture, and are no bar. Return what lies between bars,
        once, if there are any; else None.
        """
        if not self._left or int(image.max()) < SHOWN:
            return None
        bright = image.max(axis=2)
        if left_out is not None:
            bright[left_out] = 255
        same = self._brightest is not None and self._brightest.shape == bright.shape
        self._brightest = np.maximum(self._brightest, bright) if same else bright
        self._left -= 1
        return None if self._left else self._picture(pixel_map)

    def _picture(self, pixel_map: PixelMap) -> Picture | None:
        shown = [np.flatnonzero(self._brightest.max(axis=axis) >= BLACK)[[0, -1]] for axis in (0, 1)]
        (left, right), (top, bottom) = shown
        lit = self._brightest[top:bottom + 1, left:right + 1] >= LIT
        to_camera = pixel_map.to_camera
        parts = []
        for axis, (first, last) in enumerate(shown):
            size, side = self._brightest.shape[1 - axis], pixel_map.original[1 - axis]
            scale, shift = to_camera[axis, axis], to_camera[axis, 2]
            # The last pixel beside a bar is of both.
            barred = lit.mean(axis=axis)[[min(1, last - first), max(0, last - first - 1)]] >= EDGE
            begin = (first + 0.5) * scale + shift + 0.5 if first and barred[0] else 0
            end = (last - 0.5) * scale + shift + 0.5 if last < size - 1 and barred[1] else side
            parts.append((begin / side, (end - begin) / side))
        (x, width), (y, height) = parts
        return Picture(x, y, width, height) if 0 < min(width, height) <= 1 - LEAST else None


def border(image: np.ndarray) -> np.ndarray | None:
    """Return the pixels, bool (h, w), of an image, uint8 (h, w, 3), that are black out to one of its corners.

    Bars, what lies round a fisheye's circle, and what `rectify` has nothing for. None if there are none.
    """
    if image[::image.shape[0] - 1, ::image.shape[1] - 1].max(axis=2).min() >= UNLIT:
        return None
    dark = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) < UNLIT).astype(np.uint8)
    parts = cv2.connectedComponents(dark)[1]
    reached = np.unique(parts[::parts.shape[0] - 1, ::parts.shape[1] - 1])
    found = np.isin(parts, reached[reached > 0])
    return found if found.any() else None
