# SPDX-License-Identifier: Apache-2.0
"""Videos of high dynamic range (PQ, SMPTE ST 2084), as a display without it shows them."""

from __future__ import annotations

import cv2
import numpy as np

PQ = 16  # FFmpeg's number of the transfer; HLG, 18, is made to be looked at as it is
WHITE = 203.0  # nits of a white wall, by ITU-R BT.2408; what is brighter is white
M1, M2 = 2610 / 16384, 2523 / 4096 * 128
C1, C2, C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _table() -> np.ndarray:
    """Return what each of PQ's 256 levels becomes, uint8."""
    power = (np.arange(256) / 255) ** (1 / M2)
    light = 10_000 / WHITE * (np.maximum(power - C1, 0) / (C2 - C3 * power)) ** (1 / M1)
    light = np.minimum(light, 1)
    shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * shown).astype(np.uint8)


TABLE = _table()


def shown(image: np.ndarray) -> np.ndarray:
    """Return an image of PQ's levels, uint8 (h, w, 3) RGB, as one of sRGB's. Its primaries stay what they are."""
    return cv2.LUT(image, TABLE)
