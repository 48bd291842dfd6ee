# SPDX-License-Identifier: Apache-2.0
"""Neural RGB-D: images/imgN.png, depth/depthN.png, poses.txt in OpenGL axes, "nan" where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ttt3r_ros.sequences.sequence import SequenceError

from .contract import Dataset
from .reading import OPENGL, at_rate, camera, depth_image, numbered, numbers, trajectory

IMAGES, DEPTHS, TRUTH = 'images', 'depth', 'poses.txt'
RATE = 30.0
UNITS, FARTHEST = 1000.0, 10.0
FOCAL = 554.26


class Nrgbd(Dataset):
    """A walk through a rendered room."""

    depth_registered = True

    def __init__(self, root: Path, rate: float | None = None):
        files = numbered(root / IMAGES, r'img(\d+)\.png')
        self._take(root.resolve().name, 'NRGBD', at_rate(files.values(), rate or RATE),
                   f'made, {rate or RATE:g} a second', rate or RATE, [])
        self.stamps_made = True
        self._root, self._numbers = root, list(files)
        if self.contents.size:
            width, height = self.contents.size
            self.intrinsics = camera(FOCAL, FOCAL, (width - 1) / 2, (height - 1) / 2)
        rows = numbers(root / TRUTH, 4)
        if len(rows) != 4 * len(files):
            raise SequenceError(f'{root / TRUTH} has {len(rows)} lines, not 4 for each of {len(files)} images')
        self._take_truth(trajectory(self._stamps, [pose @ OPENGL for pose in np.reshape(rows, (-1, 4, 4))]))

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the path if it has poses.txt and such images."""
        return path if (path / TRUTH).is_file() and (path / IMAGES).is_dir() and (
            numbered(path / IMAGES, r'img(\d+)\.png')) else None

    def depth(self, index: int) -> np.ndarray | None:
        """Return the depth of the image, float32 (h, w) metres, NaN where there is none."""
        file = self._root / DEPTHS / f'depth{self._numbers[index]}.png'
        return depth_image(file, UNITS, farthest=FARTHEST) if file.is_file() else None
