# SPDX-License-Identifier: Apache-2.0
"""Work on many worlds, a few at a time, each in a process of its own, here or on Ray."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from typing import TypeVar

import torch

Result = TypeVar('Result')


def each(work: Callable[[int], Result], seeds: Sequence[int], jobs: int,
         progress: Callable[[int], None], address: str = '') -> list[Result]:
    """Return what work tells of each seed, in the order of the seeds; so many jobs at a time.

    work must be picklable: a module's function, or a partial of one. progress is told each seed as it is done. What
    work raises is raised. address: of a Ray, which then has as many jobs at a time as it has cores; what work raises
    there is a FleetError.
    """
    if address:
        return _on_ray(work, seeds, progress, address)
    with ProcessPoolExecutor(jobs, get_context('spawn'), initializer=_begin) as pool:
        waiting = {pool.submit(work, seed): seed for seed in seeds}
        for done in as_completed(waiting):
            done.result()
            progress(waiting[done])
    return [job.result() for job in waiting]


def _begin() -> None:
    """Begin a process: one thread, as the worlds are the parallel part; and it ends where its parent is killed."""
    torch.set_num_threads(1)
    # A process of the pool waits for work on a pipe that it holds open itself.
    end_with_parent()


def end_with_parent() -> None:
    """From now on end this child process as soon as its parent has ended, however that was."""
    def wait() -> None:
        parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _on_ray(work: Callable[[int], Result], seeds: Sequence[int], progress: Callable[[int], None],
            address: str) -> list[Result]:
    from ttt3r_ros.fleet.cluster import Cluster, FleetError

    told = {}
    with Cluster(address) as cluster:
        for seed, done in cluster.each(_Alone(work), seeds):
            if done.failure:
                raise FleetError(done.failure)
            told[seed] = done.value
            progress(seed)
    return [told[seed] for seed in seeds]


@dataclass(frozen=True)
class _Alone:
    """Work that needs nothing but its seed, as the fleet calls it."""

    work: Callable[[int], object]

    def __call__(self, held: None, seed: int) -> object:
        """Do it."""
        return self.work(seed)
