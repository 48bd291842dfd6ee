# SPDX-License-Identifier: Apache-2.0
"""ScanNet, exported: color/N.jpg, depth/N.png, pose/N.txt, intrinsic/, the numbers without leading zeros."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .contract import Dataset
from .reading import at_rate, depth_image, matrix, numbered, trajectory

RATE = 30.0
UNITS = 1000.0


class Scannet(Dataset):
    """One scan. Its depth has fewer pixels than its colour and the same view."""

    depth_registered = True

    def __init__(self, root: Path, rate: float | None = None):
        files = numbered(root / 'color', r'(\d+)\.(?:jpg|jpeg|png)')
        self._take(root.resolve().name, 'ScanNet', at_rate(files.values(), rate or RATE),
                   f'made, {rate or RATE:g} a second', rate or RATE, [])
        self.stamps_made = True
        self._root = root
        told = root / 'intrinsic/intrinsic_color.txt'
        if told.is_file():
            self.intrinsics = matrix(told)[:3, :3]
        poses = [root / 'pose' / f'{file.stem}.txt' for file in self._files]
        if any(file.is_file() for file in poses):
            self._take_truth(trajectory(self._stamps, (matrix(f) if f.is_file() else None for f in poses)))

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the path if it has `color` and `pose` with numbered files."""
        return path if (path / 'color').is_dir() and (path / 'pose').is_dir() and (
            numbered(path / 'color', r'(\d+)\.(?:jpg|jpeg|png)')) else None

    def depth(self, index: int) -> np.ndarray | None:
        """Return the depth of the image, float32 (h, w) metres, NaN where there is none."""
        file = self._root / 'depth' / f'{self._files[index].stem}.png'
        return depth_image(file, UNITS) if file.is_file() else None
