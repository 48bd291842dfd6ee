# SPDX-License-Identifier: Apache-2.0
"""MPI Sintel: training/final/SEQ/frame_XXXX.png, camdata_left/SEQ/*.cam, depth/SEQ/*.dpt."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ttt3r_ros.sequences.sequence import SequenceError

from .contract import Dataset
from .reading import at_rate, numbered, square, trajectory

PASSES = ('final', 'clean')
CAMERAS, DEPTHS = 'camdata_left', 'depth'
RATE = 24.0
TAG = np.float32(202021.25)


class Sintel(Dataset):
    """One sequence of one rendering pass. The sky's depth is huge, and told as it is."""

    depth_registered = True

    def __init__(self, root: Path, rate: float | None = None):
        self._training, self._sequence = root.resolve().parents[1], root.resolve().name
        files = numbered(root, r'frame_(\d+)\.png')
        self._take(self._sequence, f'Sintel ({root.resolve().parent.name})', at_rate(files.values(), rate or RATE),
                   f'made, {rate or RATE:g} a second', rate or RATE, [])
        self.stamps_made = True
        told = [self._beside(CAMERAS, index, '.cam') for index in range(self.count)]
        if all(file.is_file() for file in told):
            cameras = [_camera(file) for file in told]
            self._intrinsics = [matrix for matrix, _ in cameras]
            self.intrinsics = self._intrinsics[0]
            # As told: world to camera.
            self._take_truth(trajectory(self._stamps, [np.linalg.inv(square(motion)) for _, motion in cameras]))

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the path if it is a sequence of a pass, with cameras or depth beside the pass."""
        resolved = path.resolve()
        if resolved.parent.name not in PASSES or not path.is_dir() or not any(path.glob('frame_*.png')):
            return None
        training = resolved.parents[1]
        return path if any((training / part / resolved.name).is_dir() for part in (CAMERAS, DEPTHS)) else None

    def intrinsics_of(self, index: int) -> np.ndarray | None:
        """Return the image's own intrinsics, (3, 3)."""
        return None if self.intrinsics is None else self._intrinsics[index]

    def depth(self, index: int) -> np.ndarray | None:
        """Return the depth of the image, float32 (h, w) metres."""
        file = self._beside(DEPTHS, index, '.dpt')
        return _depth(file) if file.is_file() else None

    def _beside(self, part: str, index: int, suffix: str) -> Path:
        return self._training / part / self._sequence / f'{self._files[index].stem}{suffix}'


def _camera(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return intrinsics (3, 3), and world to camera (3, 4)."""
    data = path.read_bytes()
    if len(data) != 4 + 21 * 8 or np.frombuffer(data, '<f4', 1)[0] != TAG:
        raise SequenceError(f'{path} is no camera of Sintel; take it from the set again')
    values = np.frombuffer(data, '<f8', 21, 4)
    return values[:9].reshape(3, 3).copy(), values[9:].reshape(3, 4).copy()


def _depth(path: Path) -> np.ndarray:
    data = path.read_bytes()
    width, height = np.frombuffer(data, '<i4', 2, 4) if len(data) >= 12 else (0, 0)
    if len(data) < 12 or np.frombuffer(data, '<f4', 1)[0] != TAG or len(data) != 12 + 4 * int(width) * int(height):
        raise SequenceError(f'{path} is no depth of Sintel; take it from the set again')
    return np.frombuffer(data, '<f4', -1, 12).reshape(height, width).copy()
