# SPDX-License-Identifier: Apache-2.0
"""7-Scenes: scene/seq-NN/frame-XXXXXX.{color,depth}.png and .pose.txt."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

from ttt3r_ros.sequences.sequence import SequenceError

from .contract import Dataset
from .reading import at_rate, camera, depth_image, lines, matrix, numbered, trajectory

RATE = 30.0
UNITS = 1000.0
NONE = (0, 65535)
COLOUR_FOCAL, DEPTH_FOCAL, CENTRE = 525.0, 585.0, (320.0, 240.0)
REGISTERED = '.depth.proj.png'
SPLITS = {'train': 'TrainSplit.txt', 'test': 'TestSplit.txt'}


class SevenScenes(Dataset):
    """One sequence. Raw depth is the depth camera's: it is projected into the colour camera here, unless registered
    depth (`frame-XXXXXX.depth.proj.png`, which others make) lies beside it."""

    depth_registered = True

    def __init__(self, root: Path, rate: float | None = None):
        files = numbered(root, r'frame-(\d+)\.color\.png')
        self._take(f'{root.resolve().parent.name}/{root.resolve().name}', '7-Scenes',
                   at_rate(files.values(), rate or RATE), f'made, {rate or RATE:g} a second', rate or RATE, [])
        self.stamps_made = True
        self.intrinsics = camera(COLOUR_FOCAL, COLOUR_FOCAL, *CENTRE)
        poses = [self._beside(index, '.pose.txt') for index in range(self.count)]
        if any(file.is_file() for file in poses):
            self._take_truth(trajectory(self._stamps, (matrix(f) if f.is_file() else None for f in poses)))
        if not self._beside(0, REGISTERED).is_file():
            self.remarks = ('raw depth, registered to colour by the two focal lengths; the centimetres between the two '
                            'cameras are left out',)

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the path if it has frames of this name, with poses."""
        return path if path.is_dir() and any(path.glob('frame-*.color.png')) and any(path.glob('frame-*.pose.txt')) \
            else None

    def depth(self, index: int) -> np.ndarray | None:
        """Return the depth on the colour image's pixels, float32 (h, w) metres, NaN where there is none."""
        if (done := self._beside(index, REGISTERED)).is_file():
            return depth_image(done, UNITS, NONE)
        raw = self._beside(index, '.depth.png')
        return register(depth_image(raw, UNITS, NONE)) if raw.is_file() else None

    def _beside(self, index: int, suffix: str) -> Path:
        return self._files[index].with_name(self._files[index].name.replace('.color.png', suffix))


def register(depth: np.ndarray) -> np.ndarray:
    """Return raw depth (h, w) on the colour camera's pixels: the same centre, another focal length; nearest pixels."""
    height, width = depth.shape
    u, v = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    ratio = np.float32(DEPTH_FOCAL / COLOUR_FOCAL)
    return cv2.remap(depth, (u - CENTRE[0]) * ratio + CENTRE[0], (v - CENTRE[1]) * ratio + CENTRE[1],
                     cv2.INTER_NEAREST, borderValue=float('nan'))


def split(scene: Path, part: str) -> list[Path]:
    """Return the folders of a scene's sequences in a part, 'train' or 'test'; "sequence1" is seq-01."""
    numbers = [re.fullmatch(r'sequence\s*(\d+)', line.strip()) for line in lines(scene / SPLITS[part]) if line.strip()]
    if not numbers or not all(numbers):
        raise SequenceError(f'{scene / SPLITS[part]} is no list of "sequenceN"; correct it')
    return [scene / f'seq-{int(number[1]):02d}' for number in numbers]
