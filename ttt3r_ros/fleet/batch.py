# SPDX-License-Identifier: Apache-2.0
"""`ttt3r batch`: each source a run of its own, as `ttt3r run` makes it, and one account of all."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.console import Console

from ttt3r_ros.export import forms
from ttt3r_ros.export.output_folder import OutputError, require_writable
from ttt3r_ros.fleet.cluster import Cluster, Done, Share
from ttt3r_ros.fleet.gpu import measured_share
from ttt3r_ros.fleet.share import share_of_cpu
from ttt3r_ros.fleet.sources import brought_here, folders_of
from ttt3r_ros.offline.folder import RESULTS
from ttt3r_ros.offline.reconstruction import Loaded, Settings, load
from ttt3r_ros.offline.selection import Selection
from ttt3r_ros.offline.session import Plan
from ttt3r_ros.offline.session import carry_out as run
from ttt3r_ros.presentation.progress import Progress
from ttt3r_ros.reconstruction import whole_file
from ttt3r_ros.reconstruction.weights_profile import AUTO

ACCOUNT = 'batch.json'


@dataclass(frozen=True)
class Batch:
    """What is to be run: sources as `sources.expand` gives them, and what `ttt3r run` takes of each.

    out: the folder of all runs' folders. resume: go on with a batch of the same settings. address: of a Ray; '' starts
    one here, for so many jobs at a time (0: as many as the cores are worth).
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

    def identity(self) -> dict:
        """Return what must be the same for a batch to be gone on with, as JSON has it."""
        told = {name: getattr(self, name) for name in ('exports', 'rate', 'topic')}
        return json.loads(json.dumps(told | {'settings': asdict(self.settings), 'selection': asdict(self.selection)}))


@dataclass(frozen=True)
class Job:
    """One source, and the folder of its run."""

    source: str
    folder: str


@dataclass(frozen=True)
class Outcome:
    """What a source came to: frames answered and of these not tracked, seconds, metres; error: why there is nothing.

    before: it was done by an earlier batch.
    """

    source: str
    folder: str
    frames: int = 0
    lost: int = 0
    seconds: float = 0.0
    path_m: float = 0.0
    error: str = ''
    before: bool = False

    @property
    def verdict(self) -> str:
        """What to make of it, in a word or two."""
        if self.error:
            return 'failed'
        if self.lost == self.frames:
            return 'never tracked'
        return f'lost {self.lost / self.frames:.0%}' if self.lost else 'ok'


def carry_out(batch: Batch, console: Console) -> list[Outcome]:
    """Run what is not done yet; return what all came to, in the order of the sources. One that fails stops no other.

    Raises FleetError, OutputError, CheckpointError and others of ours before the first source.
    """
    forms.require(batch.exports)
    begun = time.perf_counter()
    require_writable(batch.out)
    _begin_account(batch)
    jobs = [Job(source, str(batch.out.absolute() / name)) for source, name in folders_of(batch.sources).items()]
    outcomes = {job.source: done for job in jobs if (done := _done_before(job)) is not None}
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
    share = share_of_cpu(network.config)
    size = sum(value.nbytes for value in network.state_dict().values())
    at_a_time = batch.jobs or max(1, (os.cpu_count() or 1) // share.threads)
    console.print(f'{len(jobs)} sources, weights {loaded.network.name}', highlight=False)
    with Cluster(batch.address, cores=at_a_time * share.threads, store_bytes=size) as cluster:
        if wanted.startswith('cuda') or wanted == AUTO and cluster.gpus:
            loaded, share = measured_share(cluster, batch.settings)
            device = 'cuda'
        slots = cluster.slots(share)
        console.print(f'{slots} at a time, {_told(share)} each', highlight=False)
        with Progress(console, 'sources', len(jobs)) as progress:
            work = _Work(replace(batch, sources=()), device)
            with closing(cluster.each(work, jobs, cluster.hold(loaded), share)) as done:
                yield from _follow(done, progress)


def _follow(all_done: Iterator[tuple[Job, Done]], progress: Progress) -> Iterator[Outcome]:
    begun, frames, failed = time.perf_counter(), 0, 0
    for number, (job, done) in enumerate(all_done, 1):
        outcome = _outcome(job, done)
        frames, failed = frames + outcome.frames, failed + bool(outcome.error)
        progress.update(number, f'{frames / (time.perf_counter() - begun):.1f} frames/s'
                        + (f', {failed} failed' if failed else ''))
        yield outcome


@dataclass(frozen=True)
class _Work:
    """What a worker does of one job, on its device."""

    batch: Batch
    device: str

    def __call__(self, loaded: Loaded, job: Job) -> Outcome:
        """Run the source as `ttt3r run` would; one that was interrupted, as with a lost worker, goes on."""
        done = _done_before(job)  # by a worker that was lost before it could say so
        if done is not None:
            return replace(done, before=False)
        batch, loaded = self.batch, replace(loaded, device=self.device)
        loaded.network.network.to(self.device)
        plan = Plan(job.source, Path(job.folder), batch.settings, batch.selection, batch.exports, resume=True,
                    rate=batch.rate, topic=batch.topic)
        with brought_here(job.source) as place:
            return _read_results(job, run(plan, Console(quiet=True), loaded=loaded, place=place))


def _outcome(job: Job, done: Done) -> Outcome:
    if not done.failure:
        return done.value
    text = done.failure if done.ours else f'a fault of ours, or of a package: {done.failure.strip().splitlines()[-1]}'
    if not done.ours:
        whole_file.write(Path(f'{job.folder}.failure.txt'), [done.failure.encode()])
        text += f'; all of it is in {job.folder}.failure.txt'
    return Outcome(job.source, job.folder, error=text)


def _done_before(job: Job) -> Outcome | None:
    """Return what a finished run of the source says. Raises OutputError if it is another source's."""
    path = Path(job.folder) / RESULTS
    try:
        results = json.loads(path.read_text())
        if results['source']['given'] == job.source:
            return replace(_read_results(job, results), before=True)
        other = results['source']['given']
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f'{path} cannot be read ({error}): remove {job.folder}') from error
    raise OutputError(f'{job.folder} holds the run of {other}; move it away, or give another folder with --out')


def _read_results(job: Job, results: dict) -> Outcome:
    frames = results['frames']
    return Outcome(job.source, job.folder, frames['answered'], frames['answered'] - frames['tracked'],
                   results['times']['loop_s'], results['path_m'])


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
    now = batch.identity()
    other = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    if other:
        raise OutputError(f'{batch.out} holds a batch of another {", ".join(other)} ({before.get(other[0])}); resume '
                          'it with the same, or give another folder with --out')


def _write_account(batch: Batch, outcomes: list[Outcome], seconds: float) -> None:
    account = {'plan': batch.identity(), 'seconds': seconds,
               'sources': [dataclasses.asdict(outcome) | {'verdict': outcome.verdict} for outcome in outcomes]}
    whole_file.write(batch.out / ACCOUNT, [json.dumps(account, indent=1).encode()])


def _told(share: Share) -> str:
    cores = f'{share.threads} core{"s"[:share.threads > 1]}'
    return f'{cores}, {share.gpu:.2g} of a GPU' if share.gpu else cores
