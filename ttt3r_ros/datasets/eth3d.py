# SPDX-License-Identifier: Apache-2.0
"""ETH3D SLAM: TUM's form with calibration.txt; the test part has no truth."""

from __future__ import annotations

from pathlib import Path

from ttt3r_ros.sequences.sequence import SequenceError

from .reading import camera, numbers
from .tum import Tum

CALIBRATION = 'calibration.txt'


class Eth3d(Tum):
    """A recording of ETH3D."""

    form = 'ETH3D SLAM'

    def __init__(self, root: Path, rate: float | None = None):
        super().__init__(root, rate)
        rows = numbers(root / CALIBRATION, 4)
        if len(rows) != 1:
            raise SequenceError(f'{root / CALIBRATION} is not one line "fx fy cx cy"; correct it')
        self.intrinsics, self.distortion = camera(*rows[0]), None

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the path if it is of TUM's form and has a calibration."""
        return path if (path / CALIBRATION).is_file() and super().root(path) else None
