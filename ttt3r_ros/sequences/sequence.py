# SPDX-License-Identifier: Apache-2.0
"""What every source of frames offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .trajectory import Trajectory

DEFAULT_RATE = 10.0  # frames a second, where the source does not say
DEFAULT_FRAME = 'camera_optical_frame'
NANOSECONDS = 1_000_000_000


class SequenceError(Exception):
    """A source cannot be read or a bag not be written; the text names the thing and the remedy."""


@dataclass(frozen=True)
class Image:
    """One frame: `stamp` in integer nanoseconds, `rgb` uint8 (h, w, 3)."""

    stamp: int
    rgb: np.ndarray


class Sequence(ABC):
    """Frames in the order of their stamps; each iteration starts at the first and holds one at a time.

    name        what to call it in a report
    rate        frames a second
    frame_id    the camera's optical frame
    intrinsics  3×3 in pixels, pixel centres at integers; None if unknown
    truth       exact or measured poses, one for each frame and with its stamp; None if unknown
    count       frames to come; None if only reading tells. A video's is what its container claims.
    """

    name: str
    rate: float
    frame_id: str = DEFAULT_FRAME
    intrinsics: np.ndarray | None = None
    truth: Trajectory | None = None
    count: int | None = None

    def __len__(self) -> int:
        if self.count is None:
            raise TypeError(f'the length of {self.name} is known only when it has been read')
        return self.count

    @abstractmethod
    def __iter__(self) -> Iterator[Image]:
        """Yield the frames; raises SequenceError at one that cannot be decoded."""


def even_stamps(count: int, rate: float) -> list[int]:
    """Return `count` stamps in nanoseconds, `rate` a second from 0, without a drift."""
    return [round(i * NANOSECONDS / rate) for i in range(count)]
