# SPDX-License-Identifier: Apache-2.0
"""Reconstruction as the papers measure it: 7-Scenes, the test split."""

from __future__ import annotations

from pathlib import Path

from ttt3r_ros.datasets.contract import Dataset
from ttt3r_ros.datasets.seven_scenes import SPLITS, split
from ttt3r_ros.evaluation.clip import Clip, poses_at

from .contract import Protocol, ProtocolError

STRIDE = 2


class SevenScenes(Protocol):
    """18 sequences, every second frame, the first N of them; the cloud of the images' centres."""

    name = '7scenes'
    lengths = tuple(range(50, 401, 50))
    expected = 18
    surface = True

    def takes(self, root: Path) -> bool:
        """See Protocol; a scene without its split is refused."""
        scene = root.resolve().parent
        if not root.resolve().name.startswith('seq-'):
            return False
        if not (scene / SPLITS['test']).is_file():
            raise ProtocolError(f'{scene} has no {SPLITS["test"]}, which says what is for testing; take the whole '
                                'scene')
        return root.resolve() in split(scene, 'test')

    def clip(self, recording: Dataset) -> Clip:
        """See Protocol."""
        frames = tuple(range(recording.count))[:self.lengths[-1] * STRIDE:STRIDE]
        return Clip(recording.name, recording, frames, poses_at(recording, frames))
