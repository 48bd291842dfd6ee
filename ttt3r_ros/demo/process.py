# SPDX-License-Identifier: Apache-2.0
"""Child processes that never outlive us."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType

GRACE_S = 8.0
# Linux's util-linux: the kernel kills the child when we are killed and can do nothing any more.
BOUND = ('setpriv', '--pdeathsig', 'KILL')

_running: set[Child] = set()


class _Interruption:
    """Whether one must wait, and whether one does."""

    held = False
    waiting = False


class Child:
    """A Python module run in a process of its own, what it says in a log file; use as a context manager."""

    def __init__(self, module: str, arguments: list[str], log: Path, environment: Mapping[str, str]) -> None:
        """Start `python -m module arguments` with changes to the environment."""
        self.log = log
        command = [*(BOUND if shutil.which(BOUND[0]) else ()), sys.executable, '-m', module, *arguments]
        with open(log, 'wb') as output, _held():
            # A session of its own: Ctrl-C comes to us alone, and we end the child in good order.
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                             start_new_session=True,
                                             env={**os.environ, 'PYTHONUNBUFFERED': '1', **environment})
            _running.add(self)

    def __enter__(self) -> Child:
        """Return the running child."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """End it, if it has not ended by itself."""
        self.stop()

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

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
            _running.discard(self)

    def last_lines(self, count: int) -> list[str]:
        """Return the last lines of its log."""
        return self.log.read_text(errors='replace').splitlines()[-count:]


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Let the terminal's closing and `kill` end the block as Ctrl-C does: through its `finally` clauses.

    Ctrl-C too where a shell let us inherit it ignored. A child that runs yet at the end, because the interruption came
    before its `with` was entered, is ended.
    """
    def interrupt(number: int, frame: FrameType | None) -> None:
        if _Interruption.held:
            _Interruption.waiting = True
        else:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for child in list(_running):
            child.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _held() -> Iterator[None]:
    """Keep interruptions waiting: between a child's start and our knowing of it there must be none.

    Not by a signal mask, which is each thread's own: another thread would take the signal.
    """
    _Interruption.held = True
    try:
        yield
    finally:
        _Interruption.held = False
        if _Interruption.waiting:
            _Interruption.waiting = False
            raise KeyboardInterrupt
