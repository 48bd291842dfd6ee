# SPDX-License-Identifier: Apache-2.0
"""Work on many worlds, a few at a time, each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

import torch

Result = TypeVar('Result')


def each(work: Callable[[int], Result], seeds: Sequence[int], jobs: int,
         progress: Callable[[int], None]) -> list[Result]:
    """Return what work tells of each seed, in the order of the seeds; so many jobs at a time.

    work must be picklable: a module's function, or a partial of one. progress is told each seed as it is done. What
    work raises is raised.
    """
    # One thread each: the worlds are the parallel part.
    with ProcessPoolExecutor(jobs, get_context('spawn'), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        waiting = {pool.submit(work, seed): seed for seed in seeds}
        for done in as_completed(waiting):
            done.result()
            progress(waiting[done])
    return [job.result() for job in waiting]
