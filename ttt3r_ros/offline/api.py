# SPDX-License-Identifier: Apache-2.0
"""`ttt3r_ros.open`: a source of frames, answered, in one call."""

from __future__ import annotations

import os

from ttt3r_ros.offline.reconstruction import Settings, prepare
from ttt3r_ros.offline.selection import Moment, Selection
from ttt3r_ros.offline.stream import Stream
from ttt3r_ros.sequences import open_sequence


def open(source: str | os.PathLike, *, every: int = 1, start: int | str | None = None, end: int | str | None = None,
         rate: float | None = None, topic: str | None = None, judged: bool = True, **settings: object) -> Stream:
    """Open a source of frames and what answers them; nothing is read before it is iterated.

    source: as `ttt3r run` takes it: a folder, video, bag or data set, `camera:0`, `synthetic:SEED:FRAMES`. every,
    start, end: which frames, the latter two as numbers of frames or text such as '12s'. rate: frames a second of what
    has no stamps. topic: of a bag. judged: whether frames that do not fit are kept out of the memory
    (StampedFrame.tracked). settings: the fields of offline.reconstruction.Settings: weights, weights_sha256, device,
    precision, rule, reset_policy, reset_interval, segment_alignment, step_source, size.

    Raises SequenceError, CheckpointError, SelectionError, StreamError and the like, each with the remedy, and TypeError
    for a setting that there is not.
    """
    chosen = Settings(**settings)
    bounds = (None if place is None else Moment.read(str(place)) for place in (start, end))
    selection = Selection(every, *bounds)
    sequence = open_sequence(os.fspath(source), rate=rate, topic=topic)
    return Stream(sequence, prepare(chosen, judged=judged).reconstructor, selection)
