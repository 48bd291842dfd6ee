# SPDX-License-Identifier: Apache-2.0
"""What a process has of the machine, from /proc."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf('SC_CLK_TCK')


@dataclass(frozen=True)
class Vitals:
    """Resident MiB, open file descriptors, threads, and CPU seconds used so far."""

    resident: float
    descriptors: int
    threads: int
    cpu: float
    at: float  # time.monotonic(), s

    @classmethod
    def of(cls, pid: int) -> Vitals:
        """Read them. Raises OSError where there is no such process."""
        proc = Path('/proc') / str(pid)
        lines = dict(line.split(':', 1) for line in (proc / 'status').read_text().splitlines() if ':' in line)
        used = (proc / 'stat').read_text().rpartition(')')[2].split()
        return cls(int(lines['VmRSS'].split()[0]) / 1024, len(os.listdir(proc / 'fd')), int(lines['Threads']),
                   (int(used[11]) + int(used[12])) / TICKS, time.monotonic())
