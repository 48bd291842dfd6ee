# SPDX-License-Identifier: Apache-2.0
"""Which frames of a source are taken."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ttt3r_ros.sequences.sequence import NANOSECONDS, Image, Sequence, SequenceError

_MOMENT = re.compile(r'(\d+)|(\d+(?:\.\d+)?)s', re.ASCII)


class SelectionError(ValueError):
    """Frames that cannot be chosen so; the message names the setting and the remedy."""


class NothingTaken(SequenceError):
    """A source that has frames, and none where they were asked for."""


@dataclass(frozen=True)
class Moment:
    """A place in a source: so many frames, or seconds of its stamps, after the first frame."""

    frames: int | None = None
    seconds: float | None = None

    @classmethod
    def read(cls, text: str) -> Moment:
        """Return what `120` (frames) or `12s`, `1.5s` (seconds) means. Raises SelectionError."""
        match = _MOMENT.fullmatch(text)
        if match is None:
            raise SelectionError(f'{text!r} is no place in a source: give frames, such as 120, or seconds, such as 12s')
        return cls(frames=int(match[1])) if match[1] else cls(seconds=float(match[2]))

    def reached(self, position: int, elapsed_ns: int) -> bool:
        """Say whether a frame lies there or after it: position, frames before it; elapsed_ns since the first."""
        if self.frames is not None:
            return position >= self.frames
        return elapsed_ns >= round(self.seconds * NANOSECONDS)


@dataclass(frozen=True)
class Selection:
    """Every how many frames, from start on, up to end, which is not taken; None for the source's own ends.

    Raises SelectionError.
    """

    every: int = 1
    start: Moment | None = None
    end: Moment | None = None

    def __post_init__(self) -> None:
        """Refuse what takes nothing."""
        if type(self.every) is not int or self.every < 1:
            raise SelectionError(f'every {self.every} frames is not possible: take 1 or more')

    def take(self, sequence: Sequence, *, skipping: bool = False,
             require: Callable[[int, int], object] = lambda height, width: None) -> Iterator[tuple[int, Image]]:
        """Yield the frames with their positions in the source, 0 for its first.

        skipping: the frames before a start that is given in frames are taken to be there, and not decoded. require: as
        Sequence.after takes it. Raises NothingTaken if there is none, SequenceError if none can be read.
        """
        first, taken, position, elapsed = None, 0, 0, 0
        skipped = self.start.frames if skipping and self.start and self.start.frames else 0
        for position, image in enumerate(sequence.after(skipped, require), skipped):
            first = image.stamp if first is None else first
            elapsed = image.stamp - first
            if self.end is not None and self.end.reached(position, elapsed):
                break
            if self.start is None or self.start.reached(position, elapsed):
                if taken % self.every == 0:
                    yield position, image
                taken += 1
        else:  # of a part nobody has typed the end
            if taken and not skipping and self.end is not None and not self.end.reached(
                    position + 1, elapsed + round(NANOSECONDS / sequence.rate)):
                sequence.warn(f'{sequence.name} ends after {position + 1} frames, {elapsed / NANOSECONDS:.1f} s after '
                              'the first, and before the end that was asked for')
        if taken == 0:
            raise NothingTaken(f'{sequence.name}: no frame lies between the start and the end that were asked for; '
                               'it ends earlier, or they are the wrong way round')

    def count(self, sequence: Sequence) -> int | None:
        """Return how many frames there will be, None where only reading tells."""
        bounds = [None if moment is None else moment.frames for moment in (self.start, self.end)]
        timed = any(moment is not None and moment.seconds is not None for moment in (self.start, self.end))
        if sequence.count is None or timed:
            return None
        first, last = bounds[0] or 0, sequence.count if bounds[1] is None else min(bounds[1], sequence.count)
        return math.ceil(max(0, last - first) / self.every)
