# SPDX-License-Identifier: Apache-2.0
"""The frames of one recording that are asked for, with their truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ttt3r_ros.datasets import Dataset
from ttt3r_ros.datasets.reading import depth_image
from ttt3r_ros.sequences.sequence import SequenceError


@dataclass(frozen=True)
class Clip:
    """Frames of a recording, in order.

    frames (n,): their numbers in it. truth (n, 4, 4): camera to world, NaN where there is none. depth_files: files of
    the frames' depth and what of them is a metre, where not the recording's own depth is asked for. first: which of a
    longer clip's frames this one begins with.
    """

    name: str
    recording: Dataset
    frames: tuple[int, ...]
    truth: np.ndarray
    depth_files: tuple[Path, ...] | None = None
    units: float = 1.0
    first: int = 0

    def __len__(self) -> int:
        return len(self.frames)

    def image(self, k: int) -> np.ndarray:
        """Return the image of the clip's frame k, uint8 (h, w, 3). Raises SequenceError."""
        return self.recording.image(self.frames[k])

    def depth(self, k: int) -> np.ndarray | None:
        """Return the true depth of the clip's frame k, float32 (h, w) metres, NaN where there is none.

        Raises SequenceError for depth that does not lie on the image's pixels.
        """
        if self.depth_files is not None:
            return depth_image(self.depth_files[k], self.units)
        found = self.recording.depth(self.frames[k])
        if found is not None and not self.recording.depth_registered:
            raise SequenceError(f'{self.name}: its depth is not registered to its images, and cannot be compared; '
                                'register it first')
        return found

    def without_poses(self) -> Clip:
        """Return the clip as if nothing were known of its poses."""
        return replace(self, truth=np.full_like(self.truth, np.nan))

    def window(self, first: int, length: int) -> Clip:
        """Return so many of the frames, from the clip's frame `first` on."""
        part = slice(first, first + length)
        return replace(self, frames=self.frames[part], truth=self.truth[part], first=first,
                       depth_files=self.depth_files and self.depth_files[part])


def poses_at(recording: Dataset, frames: tuple[int, ...]) -> np.ndarray:
    """Return the true poses at the times of frames, (n, 4, 4), NaN where there is none."""
    found = np.full((len(frames), 4, 4), np.nan)
    if recording.truth is not None:
        place = {int(stamp): pose for stamp, pose in zip(recording.truth.stamps, recording.truth.poses)}
        for k, frame in enumerate(frames):
            found[k] = place.get(recording.stamps[frame], np.nan)
    return found
