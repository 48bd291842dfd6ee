# SPDX-License-Identifier: Apache-2.0
"""Waiting, and the processes that somebody has begun."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

WORKER = b'spawn_main'


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def workers_of(parent: int) -> list[int]:
    """Return the processes of multiprocessing that a process has begun."""
    found = []
    for folder in Path('/proc').glob('[0-9]*'):
        try:
            begun_by = int((folder / 'stat').read_text().rpartition(')')[2].split()[1])
            if begun_by == parent and WORKER in (folder / 'cmdline').read_bytes():
                found.append(int(folder.name))
        except OSError:  # it has ended
            pass
    return found


def assert_they_end(workers: Sequence[int], seconds: float = 20.0) -> None:
    """Wait until all of them have ended; whoever has not by then is killed, so that no other test meets it."""
    end = time.monotonic() + seconds
    while (left := [worker for worker in workers if Path(f'/proc/{worker}').exists()]) and time.monotonic() < end:
        time.sleep(0.05)
    for worker in left:
        os.kill(worker, signal.SIGKILL)
    assert not left
