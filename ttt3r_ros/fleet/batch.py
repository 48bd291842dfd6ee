# SPDX-License-Identifier: Apache-2.0
"""`ttt3r batch`: each source a run of its own, as `ttt3r run` makes it, and one account of all."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from ttt3r_ros.export import forms
from ttt3r_ros.export.output_folder import OutputError, require_writable
from ttt3r_ros.fleet import splitting
from ttt3r_ros.fleet.cluster import Cluster, Share
from ttt3r_ros.fleet.gpu import measured_share
from ttt3r_ros.fleet.job import Job, Outcome, done_before, outcome_of
from ttt3r_ros.fleet.share import share_of_cpu
from ttt3r_ros.fleet.sources import brought_here, folders_of
from ttt3r_ros.offline.folder import difference
from ttt3r_ros.offline.joining import PARTS
from ttt3r_ros.offline.reconstruction import Loaded, Settings, load
from ttt3r_ros.offline.selection import Selection
from ttt3r_ros.offline.session import carry_out as run
from ttt3r_ros.presentation.progress import Progress
from ttt3r_ros.reconstruction import whole_file
from ttt3r_ros.reconstruction.weights_profile import AUTO

ACCOUNT = 'batch.json'


@dataclass(frozen=True)
class Batch:
    """What is to be run: sources as `sources.expand` gives them, and what `ttt3r run` takes of each.

    out: the folder of all runs' folders. resume: go on with a batch of the same settings. address: of a Ray; '' starts
    one here, for so many jobs at a time (0: as many as the cores are worth). split: sources of more frames than this
    are run in parts of about so many, 0 for none.
    """

    sources: tuple[str, ...]
    out: Path
    settings: Settings
    selection: Selection = Selection()
    exports: tuple[str, ...] = ('tum',)
    rate: float | None = None
    topic: str | None = None
    resume: bool = False
    address: str = ''
    jobs: int = 0
    split: int = 0

    def identity(self) -> dict:
        """Return what must be the same for a batch to be gone on with, as JSON has it."""
        told = {name: getattr(self, name) for name in ('exports', 'rate', 'topic', 'split')}
        return json.loads(json.dumps(told | {'settings': asdict(self.settings), 'selection': asdict(self.selection)}))

    @property
    def of_each(self) -> dict:
        """What `ttt3r run` is told of each source, by the names of its Plan."""
        return {name: getattr(self, name) for name in ('settings', 'selection', 'exports', 'rate', 'topic')}


def carry_out(batch: Batch, console: Console) -> list[Outcome]:
    """Run what is not done yet; return what all came to, in the order of the sources. One that fails stops no other.

    Raises FleetError, OutputError, CheckpointError and others of ours before the first source.
    """
    forms.require(batch.exports)
    begun = time.perf_counter()
    require_writable(batch.out)
    _begin_account(batch)
    jobs = [Job(source, str(batch.out.absolute() / name)) for source, name in folders_of(batch.sources).items()]
    outcomes = {job.source: done for job in jobs if (done := done_before(job)) is not None}
    for done in outcomes.values():
        shutil.rmtree(f'{done.folder}{PARTS}', ignore_errors=True)  # of one that was interrupted just then
    left = [job for job in jobs if job.source not in outcomes]
    if outcomes:
        console.print(f'{len(outcomes)} of {len(jobs)} are done already', highlight=False)
    for outcome in _run_all(batch, left, console) if left else ():
        outcomes[outcome.source] = outcome
    told = [outcomes[job.source] for job in jobs]
    _write_account(batch, told, time.perf_counter() - begun)
    return told


def _run_all(batch: Batch, jobs: list[Job], console: Console) -> Iterator[Outcome]:
    """Yield what each job came to, as it is done."""
    # Loaded before Ray is started: what is wrong with them is told at once, and once.
    loaded, device = load(replace(batch.settings, device='cpu')), 'cpu'
    network, wanted = loaded.network.network, batch.settings.device
    interval = splitting.interval_of(loaded, batch.settings) if batch.split else 0
    share = share_of_cpu(network.config)
    size = sum(weight.numel() * weight.element_size() for weight in network.parameters())
    at_a_time = batch.jobs or max(1, (os.cpu_count() or 1) // share.threads)
    console.print(f'{len(jobs)} sources, weights {loaded.network.name}', highlight=False)
    with Cluster(batch.address, cores=at_a_time * share.threads, store_bytes=size) as cluster:
        if wanted.startswith('cuda') or wanted == AUTO and cluster.gpus:
            loaded, share = measured_share(cluster, batch.settings)
            device = 'cuda'
        slots = cluster.slots(share)
        if batch.split:
            counted = splitting.FrameCount(batch.selection, batch.rate, batch.topic)
            jobs = splitting.divided(cluster, jobs, counted, batch.split, interval)
        pieces = [piece for job in jobs for piece in job.pieces]
        parts = f', in {len(pieces)} parts' if len(pieces) > len(jobs) else ''
        console.print(f'{slots} at a time, {_told(share)} each{parts}', highlight=False)
        yield from _Running(batch, cluster, cluster.hold(loaded), share, device, console).through(jobs, pieces)


class _Running:
    """A batch on its cluster."""

    def __init__(self, batch: Batch, cluster: Cluster, held: object, share: Share, device: str,
                 console: Console) -> None:
        self._work, self._joining = _Work(batch.of_each, device), splitting.Joining(batch.of_each, device)
        self._cluster, self._held, self._share, self._console = cluster, held, share, console
        self._begun, self._frames, self._failed = time.perf_counter(), 0, 0

    def through(self, jobs: list[Job], pieces: list[Job]) -> Iterator[Outcome]:
        """Yield what each job came to; one in parts is made whole once all others are done."""
        divided = [job for job in jobs if job.parts]
        errors: dict[str, str] = {}
        left_out: dict[str, dict[int, int]] = {job.source: {} for job in divided}
        with Progress(self._console, 'sources', len(pieces) + len(divided)) as progress:
            for piece, outcome in self._follow(self._work, pieces, progress, 0):
                self._frames += outcome.frames
                if piece.part is None:
                    yield outcome
                    continue
                left_out[piece.source][piece.part.seam] = outcome.left_out
                if outcome.error:
                    errors.setdefault(piece.source, outcome.error)
            whole = [splitting.read_through(job, left_out[job.source]) for job in divided if job.source not in errors]
            again = [piece for job in whole for piece in job.pieces if not piece.part.skipping]
            for piece, outcome in self._follow(self._work, again, progress, len(pieces) - len(again)):
                if outcome.error:
                    errors.setdefault(piece.source, outcome.error)
            whole = [job for job in whole if job.source not in errors]
            for _, outcome in self._follow(self._joining, whole, progress, len(pieces)):
                yield outcome
        for job in divided:
            if job.source in errors:
                yield Outcome(job.source, job.folder, error=errors[job.source])

    def _follow(self, work: Callable[[Any, Job], Outcome], jobs: list[Job], progress: Progress,
                before: int) -> Iterator[tuple[Job, Outcome]]:
        with closing(self._cluster.each(work, jobs, self._held, self._share)) as all_done:
            for number, (job, done) in enumerate(all_done, before + 1):
                outcome = outcome_of(job, done)
                self._failed += bool(outcome.error)
                progress.update(number, f'{self._frames / (time.perf_counter() - self._begun):.1f} frames/s'
                                + (f', {self._failed} failed' if self._failed else ''))
                yield job, outcome


@dataclass(frozen=True)
class _Work:
    """What a worker does of one job, on its device; settings: of `Job.plan`."""

    settings: dict
    device: str

    def __call__(self, loaded: Loaded, job: Job) -> Outcome:
        """Run the source, or its part, as `ttt3r run` would; one that was interrupted, as with a lost worker, goes on.
        """
        done = done_before(job)  # by a worker that was lost before it could say so
        if done is not None:
            return replace(done, before=False)
        with brought_here(job.source) as place:
            return Outcome.of(job, run(job.plan(**self.settings), Console(quiet=True), loaded=loaded.on(self.device),
                                       place=place))


def _begin_account(batch: Batch) -> None:
    path = batch.out / ACCOUNT
    try:
        before = json.loads(path.read_text())['plan']
    except FileNotFoundError:
        whole_file.write(path, [json.dumps({'plan': batch.identity()}, indent=1).encode()])
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f'{path} cannot be read ({error}): remove it, or give another folder with --out') from error
    if not batch.resume:
        raise OutputError(f'{batch.out} holds a batch: --resume goes on with it and skips what is done; or give '
                          'another folder with --out')
    if other := difference(before, batch.identity()):
        raise OutputError(f'{batch.out} holds a batch of another {other}; resume it with the same, or give another '
                          'folder with --out')


def _write_account(batch: Batch, outcomes: list[Outcome], seconds: float) -> None:
    account = {'plan': batch.identity(), 'seconds': seconds,
               'sources': [dataclasses.asdict(outcome) | {'verdict': outcome.verdict} for outcome in outcomes]}
    whole_file.write(batch.out / ACCOUNT, [json.dumps(account, indent=1).encode()])


def _told(share: Share) -> str:
    cores = f'{share.threads} core{"s"[:share.threads > 1]}'
    return f'{cores}, {share.gpu:.2g} of a GPU' if share.gpu else cores
