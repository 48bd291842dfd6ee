# SPDX-License-Identifier: Apache-2.0
"""Videos of high dynamic range, PQ (SMPTE ST 2084) and HLG (ARIB STD-B67), as a display without it shows them.

Levels become light, of which a white wall has 203 nits (ITU-R BT.2408), and that sRGB's levels; what is brighter is
white. Primaries stay what they are.
"""

from __future__ import annotations

import cv2
import numpy as np

WHITE = 203.0  # nits
NAMES = {16: 'PQ', 18: 'HLG'}  # by FFmpeg's numbers of transfers
LEVELS = np.arange(256) / 255
M1, M2 = 2610 / 16384, 2523 / 4096 * 128
C1, C2, C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
A, B, C = 0.17883277, 0.28466892, 0.55991073
PEAK, GAMMA = 1000.0, 1.2  # nits of the display that HLG's levels are meant for, and what it does to a scene


def _of_pq() -> np.ndarray:
    """Return the light, nits, of PQ's 256 levels."""
    power = LEVELS ** (1 / M2)
    return 10_000 * (np.maximum(power - C1, 0) / (C2 - C3 * power)) ** (1 / M1)


def _of_hlg() -> np.ndarray:
    """Return the light, nits, of HLG's 256 levels, of each colour for itself."""
    scene = np.where(LEVELS <= 0.5, LEVELS ** 2 / 3, (np.exp((LEVELS - C) / A) + B) / 12)
    return PEAK * scene ** GAMMA


def _levels(nits: np.ndarray) -> np.ndarray:
    """Return sRGB's levels, uint8, of light."""
    light = np.minimum(nits / WHITE, 1)
    level = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * level).astype(np.uint8)


TABLES = {'PQ': _levels(_of_pq()), 'HLG': _levels(_of_hlg())}


def shown(image: np.ndarray, name: str) -> np.ndarray:
    """Return an image of the levels of one of NAMES, uint8 (h, w, 3) RGB, as one of sRGB's."""
    return cv2.LUT(image, TABLES[name])
