# SPDX-License-Identifier: Apache-2.0
"""The contract: refused in words or answered, in bounded time and memory, and nothing else."""

from __future__ import annotations

import resource
import signal

import pytest
from spoiling import LONGEST_CPU_S

MOST_GROWTH = 1 << 30  # bytes, over all examples of a test


class Stalled(BaseException):
    """One input has kept the processor for too long; no `except Exception` may hide it."""


@pytest.fixture(autouse=True, scope='module')
def watched():
    """End what hangs, and see afterwards that the peak of memory stayed within bounds."""
    def stalled(*_):
        raise Stalled(f'more than {LONGEST_CPU_S} s of the processor for one input')

    before = signal.signal(signal.SIGPROF, stalled)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * 1024 < MOST_GROWTH
