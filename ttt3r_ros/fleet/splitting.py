# SPDX-License-Identifier: Apache-2.0
"""Recordings that are too long for one worker: divided, and made one again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from rich.console import Console

from ttt3r_ros.fleet.cluster import Cluster, FleetError
from ttt3r_ros.fleet.job import Job, Outcome
from ttt3r_ros.fleet.sources import brought_here
from ttt3r_ros.offline.joining import join
from ttt3r_ros.offline.part import parts_of
from ttt3r_ros.offline.reconstruction import Loaded, Settings, segments_of
from ttt3r_ros.offline.selection import Selection
from ttt3r_ros.sequences import open_sequence


def interval_of(loaded: Loaded, settings: Settings) -> int:
    """Return the frames of a segment. Raises FleetError where their number does not end it, ResetPolicyError."""
    segments = segments_of(loaded.profile, settings)
    if segments.reset_policy != 'interval':
        raise FleetError(f'--split divides recordings where the reset interval ends a segment, and here it is '
                         f'"{segments}": give --reset-policy interval and --reset-interval too, or leave --split out')
    return segments.reset_interval


def divided(cluster: Cluster, jobs: Iterable[Job], counted: Callable[[object, Job], int | None], most: int,
            interval: int) -> list[Job]:
    """Return the jobs, of which those of more than `most` frames have parts; counted: a FrameCount."""
    jobs = list(jobs)
    counts = {job.source: done.value for job, done in cluster.each(counted, jobs)}
    # What cannot be opened has none: its own run says why.
    return [replace(job, parts=tuple(parts_of(count, most, interval))) if (count := counts[job.source] or 0) > most
            else job for job in jobs]


def read_through(job: Job, left_out: dict[int, int]) -> Job:
    """Return a job whose parts have their right frames; left_out: how many of each, by its seam, could not be read.

    Parts that lie behind frames which are left out have to read all before them to know where they begin.
    """
    wrong = next((i + 1 for i, part in enumerate(job.parts) if left_out[part.seam]), len(job.parts))
    return replace(job, parts=(*job.parts[:wrong], *(replace(part, skipping=False) for part in job.parts[wrong:])))


@dataclass(frozen=True)
class FrameCount:
    """What a worker says of a source: how many frames a run takes, None where only reading tells."""

    selection: Selection
    rate: float | None
    topic: str | None

    def __call__(self, held: None, job: Job) -> int | None:
        """Open it. Raises SequenceError."""
        with brought_here(job.source) as place:
            return self.selection.count(open_sequence(place, rate=self.rate, topic=self.topic))


@dataclass(frozen=True)
class Joining:
    """What a worker does of a source whose parts are done; settings: of `Job.plan`."""

    settings: dict
    device: str

    def __call__(self, loaded: Loaded, job: Job) -> Outcome:
        """Make them one."""
        with brought_here(job.source) as place:
            return Outcome.of(job, join(job.plan(**self.settings), job.parts, Console(quiet=True),
                                        loaded=loaded.on(self.device), place=place))
