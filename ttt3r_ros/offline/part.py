# SPDX-License-Identifier: Apache-2.0
"""A long run in parts, divided where its segments end: each a run of its own, that begins some segments early.

With `reset_policy: interval` a segment has the same frames whoever begins with its first, so a part answers them as the
whole run would, but for where its path lies (joining.py puts it there). The segments before its own are its lead-in: by
its end the tracking monitor knows what is usual, and the last of its frames is the seam, which the part before has too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ttt3r_ros.offline.selection import Moment, Selection
from ttt3r_ros.reconstruction.baseline import WINDOW

LEAD = WINDOW + 1  # frames, or all there are: the first begins, and those after it are what a frame is compared with


@dataclass(frozen=True)
class Part:
    """Frames from `first` to `end`, which is not of it, by their numbers among those that the whole run takes.

    seam: the last frame of the lead-in, 0 of the first part, which has none. end: None for as many as there are.
    expected: frames of the whole run. skipping: what lies before it is taken to be there, and not decoded: right only
    if nothing of that is left out as unreadable.
    """

    first: int
    seam: int
    end: int | None
    expected: int
    skipping: bool = True

    def within(self, selection: Selection) -> Selection:
        """Return what it takes of a source, of which the whole run takes a selection that begins at a frame."""
        begin = selection.start.frames if selection.start else 0
        end = selection.end if self.end is None else Moment(frames=begin + selection.every * (self.end - 1) + 1)
        return replace(selection, start=Moment(frames=begin + selection.every * self.first), end=end)

    @property
    def seams(self) -> tuple[int, ...]:
        """The frames that it shares with the parts before and after, and is tied to them by."""
        return (*((self.seam,) if self.first < self.seam else ()), *(() if self.end is None else (self.end - 1,)))


def parts_of(count: int, most: int, interval: int) -> list[Part]:
    """Return the parts of a run over so many frames whose segments have `interval`, none much longer than `most`.

    They are as long as one another, lead-ins aside, as far as segments allow; one part for a run that is no longer.
    """
    step = interval - 1  # frames that a segment has alone
    pieces = math.ceil(count / most)
    seams = sorted({step * round(piece * count / pieces / step) for piece in range(1, pieces)} - {0})
    seams = [seam for seam in seams if seam < count - 1]
    ends = [*(seam + 1 for seam in seams), None]
    lead = step * math.ceil(LEAD / step)
    return [Part(max(0, seam - lead), seam, end, count) for seam, end in zip([0, *seams], ends, strict=True)]
