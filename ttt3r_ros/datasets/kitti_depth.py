# SPDX-License-Identifier: Apache-2.0
"""KITTI depth: DRIVE/proj_depth/groundtruth/image_02/*.png and DRIVE/image_02/data/*.png of the same names."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .contract import Dataset
from .reading import depth_image, numbered

DEPTHS, IMAGES = Path('proj_depth/groundtruth/image_02'), Path('image_02/data')
RATE = 10.0
UNITS = 256.0
SECOND = 10**9


class KittiDepth(Dataset):
    """A drive: its images that have depth, which is sparse; a drive's first and last images have none."""

    depth_registered = True

    def __init__(self, root: Path, rate: float | None = None):
        images, self._depths = (numbered(root / part, r'(\d+)\.png') for part in (IMAGES, DEPTHS))
        listed = [(round(number * SECOND / (rate or RATE)), file) for number, file in images.items()
                  if number in self._depths]
        others = [f'{len(images) - len(listed)} images without depth'] if len(listed) < len(images) else []
        self._take(root.resolve().name, 'KITTI depth', listed, f'made from the names, {rate or RATE:g} a second',
                   rate or RATE, others)
        self.stamps_made = True

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the path if it has both folders."""
        return path if (path / DEPTHS).is_dir() and (path / IMAGES).is_dir() else None

    def depth(self, index: int) -> np.ndarray | None:
        """Return the depth of the image, float32 (h, w) metres, NaN where there is none."""
        return depth_image(self._depths[int(self._files[index].stem)], UNITS)
