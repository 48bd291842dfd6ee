# SPDX-License-Identifier: Apache-2.0
"""What every protocol says: which recordings, which of their frames, what is measured of them and how."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttt3r_ros.datasets import find, recordings
from ttt3r_ros.datasets.contract import Dataset
from ttt3r_ros.evaluation.clip import Clip

LONG = (50, 100, 150, 200, *range(300, 1001, 100))


class ProtocolError(ValueError):
    """A data set that a protocol cannot be carried out on; the text says why, and the remedy."""


@dataclass(frozen=True)
class DepthRule:
    """How depth is compared: alignments; truth of `farthest` metres and beyond does not count; clipped: aligned
    predictions beyond it count as it."""

    alignments: tuple[str, ...] = ('metric', 'scale', 'scale_shift')
    farthest: float = np.inf
    clipped: bool = False


class Protocol(ABC):
    """One published way of measuring.

    lengths: how many of a clip's first frames are scored, each; a clip that has fewer is scored whole in their place,
    as published code does. surface: whether clouds are compared. expected: how many recordings the set has.
    """

    name: str
    lengths: tuple[int, ...]
    expected: int
    pose: bool = False
    depth: DepthRule | None = None
    surface: bool = False

    @abstractmethod
    def takes(self, root: Path) -> bool:
        """Say whether a recording belongs to the protocol, by its folder."""

    @abstractmethod
    def clip(self, recording: Dataset) -> Clip:
        """Return the frames of a recording, as many as the longest length."""

    def roots(self, path: Path) -> list[Path]:
        """Return the protocol's recordings at or below a path. Raises ProtocolError if there are none."""
        found = [root for root in recordings(path) if self.takes(root)]
        if not found:
            raise ProtocolError(f'{path} holds no recording of {self.name}; give the folder of the data set, laid out '
                                'as its makers do')
        return found

    def open(self, root: Path) -> Clip:
        """Return the clip of a recording's folder. Raises SequenceError."""
        return self.clip(find(root))


def matched(recording: Dataset, most: int) -> tuple[tuple[int, ...], np.ndarray]:
    """Return the frames with a true pose within `most` nanoseconds, and the nearest pose of each, (n, 4, 4)."""
    truth, frames, poses = recording.true_poses, [], []
    if truth is None or not len(truth):
        return (), np.zeros((0, 4, 4))
    for frame, stamp in enumerate(recording.stamps):
        off = np.abs(truth.stamps - stamp)
        if off.min() <= most:
            frames.append(frame)
            poses.append(truth.poses[off.argmin()])
    return tuple(frames), np.array(poses).reshape(-1, 4, 4)
