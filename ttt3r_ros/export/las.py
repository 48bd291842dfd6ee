# SPDX-License-Identifier: Apache-2.0
"""The run's cloud as LAS 1.4, by laspy: for tools of surveying.

z up, y where the first camera looks, x to its right: a local frame without a coordinate system. Coordinates are whole
tenths of a millimetre from an offset, colours 16 bits, and `confidence` is an extra dimension, float32.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import laspy
import numpy as np

if TYPE_CHECKING:
    from ttt3r_ros.offline.recording import Recorded

STEP = 1e-4  # metres: 200 km each way fit
TO_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
WIDE = 257  # 0…255 → 0…65535


def write(recorded: Recorded, folder: Path) -> list[str]:
    """Write cloud.las."""
    cloud = recorded.cloud()
    points = cloud.points.astype(np.float64) @ TO_UP.T
    header = laspy.LasHeader(point_format=7, version='1.4')
    # Before any coordinate is set: afterwards they would be rounded twice.
    header.scales = np.full(3, STEP)
    header.offsets = np.floor(points.min(axis=0)) if len(points) else np.zeros(3)
    header.add_extra_dim(laspy.ExtraBytesParams(name='confidence', type=np.float32))
    las = laspy.LasData(header)
    las.x, las.y, las.z = points.T
    las.red, las.green, las.blue = (cloud.colours.T.astype(np.uint16) * WIDE)
    las.confidence = cloud.confidence
    las.write(folder / 'cloud.las')
    return ['cloud.las']
