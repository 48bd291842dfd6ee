# SPDX-License-Identifier: Apache-2.0
"""TartanAir: P00X/image_left, depth_left/*.npy, pose_left.txt in NED camera axes (x ahead, y right, z down)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ttt3r_ros.sequences.array_files import DAMAGED
from ttt3r_ros.sequences.sequence import SequenceError

from .contract import Dataset
from .reading import at_rate, camera, numbered, numbers, quaternion_poses, trajectory

IMAGES, DEPTHS, TRUTH = 'image_left', 'depth_left', 'pose_left.txt'
RATE = 10.0
NED = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]], np.float64)  # from optical axes


class TartanAir(Dataset):
    """The left camera of a flight."""

    depth_registered = True

    def __init__(self, root: Path, rate: float | None = None):
        files = list(numbered(root / IMAGES, r'(\d+)_left\.png').values())
        name = '/'.join(root.resolve().parts[-3:])
        self._take(name, 'TartanAir', at_rate(files, rate or RATE), f'made, {rate or RATE:g} a second', rate or RATE,
                   [])
        self.stamps_made = True
        self._root = root
        self.intrinsics = camera(320.0, 320.0, 320.0, 240.0)
        if (root / TRUTH).is_file():
            poses = quaternion_poses(numbers(root / TRUTH, 7))
            if len(poses) != len(files):
                raise SequenceError(f'{root / TRUTH} has {len(poses)} poses for {len(files)} images; take both whole')
            self._take_truth(trajectory(self._stamps, [np.linalg.inv(NED) @ pose @ NED for pose in poses]))

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the path if it holds `image_left` with its names."""
        return path if (path / IMAGES).is_dir() and any((path / IMAGES).glob('*_left.png')) else None

    def depth(self, index: int) -> np.ndarray | None:
        """Return the depth of the image, float32 (h, w) metres."""
        file = self._root / DEPTHS / f'{self._files[index].stem}_depth.npy'
        if not file.is_file():
            return None
        try:
            return np.load(file, allow_pickle=False).astype(np.float32)
        except DAMAGED as error:
            raise SequenceError(f'{file} is no array ({error}); take it from the set again') from error
