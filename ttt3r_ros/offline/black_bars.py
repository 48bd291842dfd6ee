# SPDX-License-Identifier: Apache-2.0
"""Bars beside a film's picture, as upright films have in a wide one: no camera sees them, and poses suffer."""

from __future__ import annotations

import logging

import numpy as np

from ttt3r_ros.reconstruction.preprocess import PixelMap

_log = logging.getLogger(__name__)

LOOKED_AT = 20  # frames that show something
BLACK, SHOWN = 10, 60  # of 255: all of a bar is darker, through all frames; somewhere a picture is brighter
LEAST = 0.03  # of a side


class BlackBars:
    """Looks at the first frames, and tells the log of bars in them once."""

    def __init__(self, name: str) -> None:
        """Take the source's name."""
        self._name = name
        self._left = LOOKED_AT
        self._brightest: np.ndarray | None = None

    def look(self, image: np.ndarray, pixel_map: PixelMap) -> None:
        """Take a frame's image as the network saw it, uint8 (h, w, 3), and where that lies in the camera's."""
        if not self._left or int(image.max()) < SHOWN:
            return
        bright = image.max(axis=2)
        same = self._brightest is not None and self._brightest.shape == bright.shape
        self._brightest = np.maximum(self._brightest, bright) if same else bright
        self._left -= 1
        if not self._left:
            self._tell(pixel_map)

    def _tell(self, pixel_map: PixelMap) -> None:
        """Tell of bars, in parts of the camera's image."""
        shown = [np.flatnonzero(self._brightest.max(axis=axis) >= BLACK)[[0, -1]] for axis in (0, 1)]
        to_camera = pixel_map.to_original(np.eye(3))
        parts = []
        for axis, (first, last) in enumerate(shown):
            size, side = self._brightest.shape[1 - axis], pixel_map.original[1 - axis]
            scale, shift = to_camera[axis, axis], to_camera[axis, 2]
            # The last pixel beside a bar is of both.
            begin = (first + 0.5) * scale + shift + 0.5 if first else 0
            end = (last - 0.5) * scale + shift + 0.5 if last < size - 1 else side
            parts.append((begin / side, (end - begin) / side))
        (x, width), (y, height) = parts
        if min(width, height) > 1 - LEAST or min(width, height) <= 0:
            return
        _log.warning('%s: black bars, which no camera sees, take %.0f %% of the picture, and poses and depth suffer by '
                     'them: cut them off before, of a film by "ffmpeg -i IN -vf '
                     'crop=iw*%.3f:ih*%.3f:iw*%.3f:ih*%.3f OUT"',
                     self._name, 100 * (1 - width * height), width, height, x, y)
