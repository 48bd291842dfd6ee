# SPDX-License-Identifier: Apache-2.0
"""Child processes that never outlive us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType

GRACE_S = 8.0


class Child:
    """A Python module run in a process of its own, what it says in a log file; use as a context manager."""

    def __init__(self, module: str, arguments: list[str], log: Path, environment: Mapping[str, str]) -> None:
        """Start `python -m module arguments` with changes to the environment."""
        self.log = log
        with open(log, 'wb') as output:
            # A session of its own: Ctrl-C comes to us alone, and we end the child in good order.
            self._process = subprocess.Popen([sys.executable, '-m', module, *arguments], stdin=subprocess.DEVNULL,
                                             stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                                             env={**os.environ, 'PYTHONUNBUFFERED': '1', **environment})

    def __enter__(self) -> Child:
        """Return the running child."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """End it, if it has not ended by itself."""
        self.stop()

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """Interrupt the process, wait, and kill its whole group if it does not end."""
        try:
            if self.code is None:
                self._process.send_signal(signal.SIGINT)
                self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if self.code is None:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def last_lines(self, count: int) -> list[str]:
        """Return the last lines of its log."""
        return self.log.read_text(errors='replace').splitlines()[-count:]


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Let the terminal's closing and `kill` end the block as Ctrl-C does: through its `finally` clauses.

    Ctrl-C too where a shell let us inherit it ignored.
    """
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt)
              for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
