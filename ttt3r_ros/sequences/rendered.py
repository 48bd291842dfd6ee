# SPDX-License-Identifier: Apache-2.0
"""The synthetic room as a sequence, with its exact truth."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..synthetic import Room, walk
from .sequence import DEFAULT_RATE, Contents, Image, Sequence, even_stamps
from .trajectory import Trajectory

FRAMES = 150
SIZE = (240, 320)
FOCAL = 260.0  # pixels: 63 degrees across


class RenderedRoom(Sequence):
    """A walk round the room of `seed` in `frames` frames of 320×240 pixels, rendered as they are read.

    Of fewer than FRAMES it is the beginning: nobody walks a round in a second.
    """

    def __init__(self, seed: int = 0, frames: int = FRAMES, rate: float | None = None):
        self.name = f'synthetic room {seed}'
        self.rate = rate or DEFAULT_RATE
        self.count = frames
        height, width = SIZE
        self.intrinsics = np.array([[FOCAL, 0, (width - 1) / 2], [0, FOCAL, (height - 1) / 2], [0, 0, 1.0]])
        self._room = Room(seed)
        stamps = np.array(even_stamps(frames, self.rate), np.int64)
        self.truth = Trajectory(stamps, walk(self._room, max(frames, FRAMES), seed)[:frames])
        self.contents = Contents('rendered room', f'seed {seed}', f'even, {self.rate:g} a second', (width, height))

    def _frames(self) -> Iterator[Image]:
        for stamp, pose in zip(self.truth.stamps, self.truth.poses):
            yield Image(int(stamp), self._room.render(pose, self.intrinsics, SIZE)[0])
