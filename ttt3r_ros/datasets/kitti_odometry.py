# SPDX-License-Identifier: Apache-2.0
"""KITTI odometry: sequences/NN/image_{0..3}/XXXXXX.png, times.txt, calib.txt; poses/NN.txt of camera 0."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ttt3r_ros.sequences.sequence import SequenceError
from ttt3r_ros.sequences.stamps import LAST

from .contract import Dataset
from .reading import lines, numbered, numbers, square, trajectory

TIMES, CALIBRATION = 'times.txt', 'calib.txt'
CAMERAS = ('image_2', 'image_3', 'image_0', 'image_1')  # colour first
SECOND = 10**9
LAST_S = LAST / SECOND


class KittiOdometry(Dataset):
    """One camera of a sequence: the left colour one, unless the path names another."""

    def __init__(self, root: Path, rate: float | None = None):
        sequence = root.resolve().parent
        files = list(numbered(root, r'(\d{6})\.png').values())
        times = [row[0] for row in numbers(sequence / TIMES, 1)]
        if not all(0 <= time < LAST_S for time in times):
            raise SequenceError(f'{sequence / TIMES} holds what is no time in seconds; correct it')
        if len(times) < len(files):
            raise SequenceError(f'{sequence / TIMES} has {len(times)} times for {len(files)} images; take it '
                                'whole')
        stamps = [round(time * SECOND) for time in times[:len(files)]]
        siblings = [f'{name}, another camera (give {root.parent / name} to choose it)' for name in CAMERAS
                    if name != root.name and (root.parent / name).is_dir()]
        self._take(sequence.name, 'KITTI odometry', list(zip(stamps, files)), f'those of {TIMES}', rate, siblings)
        projection = _projection(sequence / CALIBRATION, int(root.resolve().name[-1]))
        self.intrinsics = projection[:, :3]
        truth = sequence.parents[1] / 'poses' / f'{sequence.name}.txt'
        if truth.is_file():
            mount = np.eye(4)
            mount[:3, 3] = -np.linalg.solve(self.intrinsics, projection[:, 3])
            poses = [square(np.reshape(row, (3, 4))) @ mount for row in numbers(truth, 12)]
            self._take_truth(trajectory(stamps[:len(poses)], poses[:len(stamps)]))

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the camera's folder if the path is it, or its sequence."""
        resolved = path.resolve()
        if resolved.name in CAMERAS and (resolved.parent / TIMES).is_file():
            return path
        if not ((path / TIMES).is_file() and (path / CALIBRATION).is_file()):
            return None
        return next((path / name for name in CAMERAS if (path / name).is_dir()), None)


def _projection(path: Path, number: int) -> np.ndarray:
    """Return a camera's projection, (3, 4)."""
    for line in lines(path):
        name, _, values = line.partition(':')
        if name.strip() == f'P{number}':
            try:
                return np.reshape([float(value) for value in values.split()], (3, 4))
            except ValueError as error:
                raise SequenceError(f'{path}: P{number} is not 12 numbers; correct it') from error
    raise SequenceError(f'{path} has no P{number}; take the calibration of the odometry set')
