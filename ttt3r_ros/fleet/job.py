# SPDX-License-Identifier: Apache-2.0
"""One source of a batch, what is to be done of it, and what it came to."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from ttt3r_ros.export.output_folder import OutputError
from ttt3r_ros.fleet.cluster import Done
from ttt3r_ros.offline.folder import RESULTS
from ttt3r_ros.offline.joining import plan_of
from ttt3r_ros.offline.part import Part
from ttt3r_ros.offline.session import Plan
from ttt3r_ros.reconstruction import whole_file


@dataclass(frozen=True)
class Job:
    """One source, and the folder of its run. parts: of a long one, several; part: of these, the one to be done."""

    source: str
    folder: str
    parts: tuple[Part, ...] = ()
    part: Part | None = None

    @property
    def pieces(self) -> list[Job]:
        """What can be done of it side by side."""
        return [replace(self, part=part) for part in self.parts] or [self]

    def plan(self, **settings) -> Plan:
        """Return the plan of its run, or of its part, which goes on with what is there."""
        plan = Plan(self.source, Path(self.folder), resume=True, **settings)
        return plan if self.part is None else plan_of(plan, self.part)


@dataclass(frozen=True)
class Outcome:
    """What a source came to: frames answered and of these not tracked, seconds, metres; left_out: those that cannot be
    read; judged, why: the word of the verdict on its path, and its reasons; error: why there is nothing, or not all
    that was asked for.

    before: it was done by an earlier batch.
    """

    source: str
    folder: str
    frames: int = 0
    lost: int = 0
    seconds: float = 0.0
    path_m: float = 0.0
    left_out: int = 0
    judged: str = ''
    why: tuple[str, ...] = ()
    error: str = ''
    before: bool = False

    @classmethod
    def of(cls, job: Job, results: dict) -> Outcome:
        """Return what results.json says."""
        frames, verdict = results['frames'], results['verdict']
        return cls(job.source, job.folder, frames['answered'], frames['answered'] - frames['tracked'],
                   results['times']['loop_s'], results['path_m'], sum(frames['left_out'].values()),
                   verdict['word'], tuple(verdict['why']),
                   '; '.join(f'no {name}: {why}' for name, why in results.get('not_exported', {}).items()))

    @property
    def verdict(self) -> str:
        """What to make of it, in a word: 'failed', or as evaluation.verdict has it."""
        return 'failed' if self.error else self.judged


def outcome_of(job: Job, done: Done) -> Outcome:
    """Return what a task came to; what no error of ours explains is kept beside the folder."""
    if not done.failure:
        return done.value
    text = done.failure if done.ours else f'a fault of ours, or of a package: {done.failure.strip().splitlines()[-1]}'
    if not done.ours:
        whole_file.write(Path(f'{job.folder}.failure.txt'), [done.failure.encode()])
        text += f'; all of it is in {job.folder}.failure.txt'
    return Outcome(job.source, job.folder, error=text)


def done_before(job: Job) -> Outcome | None:
    """Return what a finished run of the source, or of its part, says. Raises OutputError if it is another source's."""
    folder = job.plan(settings=None).out
    path = folder / RESULTS
    try:
        results = json.loads(path.read_text())
        if results['source']['given'] == job.source:
            return replace(Outcome.of(job, results), before=True)
        other = results['source']['given']
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f'{path} cannot be read ({error}): remove {folder}') from error
    raise OutputError(f'{folder} holds the run of {other}; move it away, or give another folder with --out')
