# SPDX-License-Identifier: Apache-2.0
"""Films in which each image stands several times, as of a screen that was filmed, or brought to a higher rate.

Resets count images, and then come after a half or a third of the way that the weights were trained for.
"""

from __future__ import annotations

import statistics

import numpy as np

LOOKED_AT = 16  # images that differ
SAME = 0.1  # of the last change from one image to another: less is what a codec leaves of none


class Repeats:
    """Looks at the first images."""

    def __init__(self) -> None:
        """Begin with none."""
        self._last: np.ndarray | None = None
        self._change = 0.0  # the last one, in mean levels
        self._times: list[int] = []

    def look(self, image: np.ndarray) -> int | None:
        """Take an image, uint8 (h, w, 3). Return how often each stands there, once, if that is more than once."""
        if len(self._times) > LOOKED_AT:
            return None
        levels = image.astype(np.int16)
        if self._last is not None and levels.shape == self._last.shape:
            change = float(np.abs(levels - self._last).mean())
            if change <= SAME * self._change:
                self._times[-1] += 1
                return None
            self._change = change
        self._last = levels
        self._times.append(1)
        times = statistics.median_low(self._times[:-1]) if len(self._times) > LOOKED_AT else 1
        return times if times > 1 else None
