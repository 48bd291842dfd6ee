# SPDX-License-Identifier: Apache-2.0
"""Replica as NICE-SLAM has it: results/frameXXXXXX.jpg and depthXXXXXX.png, traj.txt, cam_params.json above."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ttt3r_ros.sequences.sequence import SequenceError

from .contract import Dataset
from .reading import at_rate, camera, depth_image, numbered, numbers, square, trajectory

RESULTS, TRUTH, CAMERA = 'results', 'traj.txt', 'cam_params.json'
RATE = 30.0
UNITS = 6553.5


class Replica(Dataset):
    """A walk through a scanned room."""

    depth_registered = True

    def __init__(self, root: Path, rate: float | None = None):
        files = list(numbered(root / RESULTS, r'frame(\d+)\.(?:jpg|png)').values())
        self._take(root.resolve().name, 'Replica', at_rate(files, rate or RATE), f'made, {rate or RATE:g} a second',
                   rate or RATE, [])
        self.stamps_made = True
        told = next((folder / CAMERA for folder in (root, root.resolve().parent) if (folder / CAMERA).is_file()), None)
        if told is not None:
            try:
                values = json.loads(told.read_text())['camera']
                self.intrinsics = camera(*(float(values[name]) for name in ('fx', 'fy', 'cx', 'cy')))
                self._units = float(values.get('scale', UNITS))
            except (ValueError, KeyError, TypeError, OSError) as error:
                raise SequenceError(f'{told} does not tell camera.fx, fy, cx, cy ({error}); correct it') from error
        else:
            self._units = UNITS
        poses = [square(np.reshape(row, (4, 4))) for row in numbers(root / TRUTH, 16)]
        if len(poses) != len(files):
            raise SequenceError(f'{root / TRUTH} has {len(poses)} poses for {len(files)} images; take both whole')
        self._take_truth(trajectory(self._stamps, poses))

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the path if it has `traj.txt` and `results`."""
        return path if (path / TRUTH).is_file() and (path / RESULTS).is_dir() else None

    def depth(self, index: int) -> np.ndarray | None:
        """Return the depth of the image, float32 (h, w) metres, NaN where there is none."""
        file = self._files[index].with_name(self._files[index].stem.replace('frame', 'depth') + '.png')
        return depth_image(file, self._units) if file.is_file() else None
