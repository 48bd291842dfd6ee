# SPDX-License-Identifier: Apache-2.0
"""A node in a process of its own, forked from one that has imported PyTorch and ROS: that alone takes seconds."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

SERVER = multiprocessing.get_context('forkserver')
SERVER.set_forkserver_preload(['ttt3r_ros.ros.main'])


class ForkedNode:
    """What scripts/ttt3r_node does with these arguments; as far as the tests ask, a subprocess.Popen."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        """Start it with this process's environment; what it prints goes to log."""
        self._process = SERVER.Process(target=_run, args=(arguments, str(log), dict(os.environ)), daemon=True)
        self._process.start()
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, minus the signal's number if one ended it; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired('the node', timeout)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()


def _run(arguments: list[str], log: str, environment: dict[str, str]) -> None:
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ['ttt3r_node', *arguments]
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from ttt3r_ros.ros.main import main
    sys.exit(main())
