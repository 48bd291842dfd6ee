# SPDX-License-Identifier: Apache-2.0
"""A folder with rgb/, depth/ in millimetres under the same names, K.txt and groundtruth_tum.txt, a pose an image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ttt3r_ros.sequences.folder import IMAGES, TRUTH, ImageFolder
from ttt3r_ros.sequences.trajectory import read_tum

from .contract import Dataset
from .reading import depth_image

DEPTHS = 'depth'
UNITS = 1000.0


class PosedFolder(ImageFolder, Dataset):
    """A folder of images as ever, whose depth can be asked for; some images may have none."""

    depth_registered = True

    def __init__(self, root: Path, rate: float | None = None):
        super().__init__(root, rate)
        self._depths = root / DEPTHS
        if self.truth is not None:
            self.true_poses = read_tum(root / TRUTH)

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the path if it has images, depth and poses."""
        return path if (path / TRUTH).is_file() and (path / IMAGES).is_dir() and (path / DEPTHS).is_dir() else None

    def depth(self, index: int) -> np.ndarray | None:
        """Return the depth of the image, float32 (h, w) metres, NaN where there is none."""
        file = self._depths / f'{self._files[index].stem}.png'
        return depth_image(file, UNITS) if file.is_file() else None
