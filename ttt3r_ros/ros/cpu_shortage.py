# SPDX-License-Identifier: Apache-2.0
"""Whether this process gets the CPU that it asks for, by the kernel's own account."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

THREADS = Path('/proc/self/task')


class CpuShortage:
    """How long threads of ours were ready to run and had no core."""

    def __init__(self, threads: Path = THREADS, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to count. clock: seconds."""
        self._threads, self._clock = threads, clock
        self._at, self._waited = clock(), self._read()

    def share(self) -> float | None:
        """Return which part of the time since the last call the thread waited that waited longest, 0 to 1.

        None where the kernel does not tell.
        """
        at, before = self._clock(), self._waited
        elapsed, self._at, self._waited = at - self._at, at, self._read()
        waits = [waited - before[thread] for thread, waited in self._waited.items() if thread in before]
        return min(max(waits) / 1e9 / elapsed, 1.0) if waits and elapsed > 0 else None

    def _read(self) -> dict[str, int]:
        """Return how long each thread has waited so far, ns."""
        waited = {}
        try:
            for thread in self._threads.iterdir():
                waited[thread.name] = int((thread / 'schedstat').read_text().split()[1])
        except (OSError, IndexError, ValueError):  # a thread that ended meanwhile, or a kernel without
            pass
        return waited
