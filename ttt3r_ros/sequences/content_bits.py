# SPDX-License-Identifier: Apache-2.0
"""How many of 16 bits a camera's picture is in."""

from __future__ import annotations

import numpy as np

BITS = (8, 10, 12, 14, 16)
DARKEST = 128  # an image of 16 bits without a pixel as bright is of a covered lens, and tells nothing


class ContentBits:
    """How many of a camera's 16 bits hold its picture: as many as its brightest pixel so far needs, and never fewer.

    Drivers hand over 10 or 12 bits as they are, which as 16 would be black. Only ever growing, the scale settles within
    the first bright images and does not follow the scene.
    """

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.bits: int | None = None

    def fill(self, pixels: np.ndarray) -> np.ndarray:
        """Return uint16 pixels of any shape, moved up so that they use all 16 bits."""
        brightest = int(pixels.max(initial=0))
        if brightest >= DARKEST:
            self.bits = max(self.bits or 0, next(bits for bits in BITS if brightest < 1 << bits))
        return pixels if self.bits in (None, 16) else pixels << np.uint16(16 - self.bits)
