# SPDX-License-Identifier: Apache-2.0
"""How inputs are spoilt, and how many of them: few in the suite, always the same; as many as FUZZ says by hand."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase

LONG = int(os.environ.get('FUZZ', 0))
LONGEST_CPU_S = 20.0  # of one input, by the processor: a busy machine is no hang
# What failed in a long run comes first in the next.
SEEDS = DirectoryBasedExampleDatabase(Path(__file__).parent / 'seeds')
NUMBERS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 2**62, 2**63, 2**64 - 1]
WORDS = st.one_of(st.binary(max_size=8), st.sampled_from(NUMBERS).map(lambda n: n.to_bytes(8, 'little')),
                  st.sampled_from(NUMBERS[:10]).map(lambda n: n.to_bytes(4, 'little')))
EDITS = st.lists(st.tuples(st.floats(0, 1), st.sampled_from(['flip', 'put', 'insert', 'cut', 'double', 'end']), WORDS),
                 min_size=1, max_size=6)


def fuzzed(few: int, share: float) -> Callable:
    """Return a decorator: so many examples in the suite, share × FUZZ in a long run."""
    if not LONG:
        return settings(max_examples=few, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    return settings(max_examples=max(round(share * LONG), 1), database=SEEDS, deadline=None, print_blob=True,
                    suppress_health_check=list(HealthCheck))


def spoilt(data: bytes, edits: list[tuple[float, str, bytes]], low: int = 0, high: int | None = None) -> bytes:
    """Return bytes with a few edits, each at a part of the way from low to high."""
    changed = bytearray(data)
    for where, how, word in edits:
        end = len(changed) if high is None else min(high, len(changed))
        at = low + int(where * max(end - low, 0))
        if how == 'flip' and at < len(changed):
            changed[at] ^= 1 << (len(word) % 8)
        elif how == 'put':
            changed[at:at + len(word)] = word
        elif how == 'insert':
            changed[at:at] = word
        elif how == 'cut':
            del changed[at:at + 1 + sum(word)]
        elif how == 'double':
            changed[at:at] = changed[at:at + 1 + sum(word)]
        elif how == 'end' and where > 0.5:  # not too often at the very start
            del changed[at:]
    return bytes(changed)


@contextmanager
def within_bounds():
    """Let one input be tried, and no longer than the bound."""
    signal.setitimer(signal.ITIMER_PROF, LONGEST_CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def in_words(error: Exception) -> None:
    """See that an error says something, in a line that can be read."""
    assert str(error).strip() and len(str(error)) < 4000, repr(error)[:200]
