# SPDX-License-Identifier: Apache-2.0
"""How much is kept and sent, however long a run is."""

from __future__ import annotations

import numpy as np

MAP_POINTS = 100_000  # of all kept frames together
FRAME_POINTS = 20_000  # of the frame at the slider
KEPT_FRAMES = 64
FRUSTA = 32
PATH_POINTS = 2_000
PLOT_POINTS = 400
THUMBNAIL = 96  # pixels across, of a frustum's picture
PICTURE = 320  # of the picture in the panel


def spread(count: int, most: int) -> list[int]:
    """Return at most so many of 0 … count - 1, evenly, the first and the last among them."""
    return sorted({round(x) for x in np.linspace(0, count - 1, min(count, most))})
