# SPDX-License-Identifier: Apache-2.0
"""What every source of frames offers."""

from __future__ import annotations

import itertools
import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from .ascending import ascending

if TYPE_CHECKING:
    from .trajectory import Trajectory  # here: a node, which decodes video, loads no SciPy

DEFAULT_RATE = 10.0  # frames a second, where the source does not say
TOO_NARROW, OUT_OF_ORDER = 'images too narrow for the network', 'images out of order by their stamps'  # causes
DEFAULT_FRAME = 'camera_optical_frame'
NANOSECONDS = 1_000_000_000

_log = logging.getLogger(__name__)


class SequenceError(Exception):
    """A source cannot be read or a bag not be written; the text names the thing and the remedy."""


@dataclass(frozen=True)
class Image:
    """One frame: `stamp` in integer nanoseconds, `rgb` uint8 (h, w, 3); `origin`: what to call it, such as its file."""

    stamp: int
    rgb: np.ndarray
    origin: str = ''


@dataclass(frozen=True)
class Contents:
    """What a source was found to hold, told before its first frame.

    reader  what reads it, such as `TUM RGB-D`
    stream  what is taken of it: the topic, the video's codec, the kind of file
    stamps  where the stamps come from
    size    (width, height) in pixels of the first frame, upright; None if only reading tells
    others  what is there and not taken, a phrase each
    """

    reader: str
    stream: str
    stamps: str
    size: tuple[int, int] | None = None
    others: list[str] = field(default_factory=list)


class Sequence(ABC):
    """Frames in the order of their stamps, which increase; each iteration starts at the first and holds one at a time,
    two where time makes a leap.

    A frame that cannot be decoded or used is left out and counted; if none can, iterating raises SequenceError.

    name         what to call it in a report
    contents     what was found, and what is not taken
    rate         frames a second
    stamps_made  whether the stamps are made from a rate, as the source has none: then no speed can be told
    live         whether frames come as time goes by: each iteration is another, and ends when nobody wants more
    frame_id     the camera's optical frame
    intrinsics   3×3 in pixels, pixel centres at integers; None if unknown
    distortion   k1 k2 p1 p2 [k3] of plumb_bob, that go with the intrinsics; None if unknown or none
    truth        exact or measured poses at the stamps of frames, of all or of some; None if unknown
    count        frames to come; None if only reading tells. A video's is what its container claims.
    left_out     how many frames were left out by the present or last iteration, by cause
    """

    name: str
    contents: Contents
    rate: float
    stamps_made: bool = False
    live: bool = False
    frame_id: str = DEFAULT_FRAME
    intrinsics: np.ndarray | None = None
    distortion: np.ndarray | None = None
    truth: Trajectory | None = None
    count: int | None = None
    left_out: Counter[str]
    _said: frozenset[str] = frozenset()

    def __len__(self) -> int:
        if self.count is None:
            raise TypeError(f'the length of {self.name} is known only when it has been read')
        return self.count

    def __iter__(self) -> Iterator[Image]:
        return self.after(0)

    def after(self, count: int, require: Callable[[int, int], object] = lambda height, width: None) -> Iterator[Image]:
        """Yield the frames after the first `count`; none of those is decoded where that can be helped: one that
        cannot be counts like any other.

        require: of a height and a width in pixels; raises ValueError for images too narrow for whoever reads, which are
        left out. Raises SequenceError if there is no frame at all.
        """
        self.left_out = Counter()
        self._reasons: dict[str, str] = {}
        read = False
        fitting = self._fitting(self._named(count), require)
        for image in ascending(fitting, lambda why: self._leave_out(OUT_OF_ORDER, why), live=self.live):
            read = True
            yield image
        if not read and not count:
            raise SequenceError(next(iter(self._reasons.values()), f'{self.name} holds no frame'))

    def describe(self) -> list[str]:
        """Return what is taken and what is not, a line each."""
        found = self.contents
        parts = [found.reader, found.stream, 'frames: as many as there are' if self.count is None else
                 f'{self.count} frames', f'{found.size[0]}×{found.size[1]}' if found.size else '',
                 f'stamps: {found.stamps}']
        return [f'{self.name}: ' + ', '.join(part for part in parts if part),
                *(f'not taken: {other}' for other in found.others)]

    def warn(self, warning: str) -> None:
        """Warn, once however often the source is read."""
        if warning not in self._said:
            self._said |= {warning}
            _log.warning('%s', warning)

    @abstractmethod
    def _frames(self) -> Iterator[Image]:
        """Yield the frames that can be decoded, and tell `_leave_out` of the others."""

    def _named(self, count: int) -> Iterator[Image]:
        for number, image in enumerate(self._frames_after(count) if count else self._frames(), count + 1):
            yield image if image.origin else replace(image, origin=f'{self.name}, frame {number}')

    def _fitting(self, images: Iterator[Image], require: Callable[[int, int], object]) -> Iterator[Image]:
        for image in images:
            try:
                require(*image.rgb.shape[:2])
            except ValueError as error:
                self._leave_out(TOO_NARROW, f'{image.origin}: {error}')
            else:
                yield image

    def _frames_after(self, count: int) -> Iterator[Image]:
        """Yield the frames after the first `count`; where frames stand alone, those are not decoded."""
        return itertools.islice(self._frames(), count, None)

    def _leave_out(self, cause: str, reason: str, number: int = 1) -> None:
        """Count frames as left out; the first of a cause is said, with its reason: what it is and the remedy."""
        if cause not in self._reasons:
            self._reasons[cause] = reason
            self.warn(f'left out: {reason}')
        self.left_out[cause] += number


def even_stamps(count: int, rate: float) -> list[int]:
    """Return `count` stamps in nanoseconds, `rate` a second from 0, without a drift."""
    return [round(i * NANOSECONDS / rate) for i in range(count)]


def mean_rate(stamps: list[int]) -> float:
    """Return the frames a second of increasing stamps in nanoseconds."""
    span = stamps[-1] - stamps[0]
    return (len(stamps) - 1) * NANOSECONDS / span if span > 0 else DEFAULT_RATE
