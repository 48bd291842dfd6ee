# SPDX-License-Identifier: Apache-2.0
"""pytest in a process forked from one that has imported what never changes: that alone takes seconds."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from multiprocessing import forkserver, util
from pathlib import Path

import cv2  # noqa: F401
import pytest
import rclpy  # noqa: F401
import scipy.spatial.transform  # noqa: F401
import torch  # noqa: F401


def run_pytest(folder: Path, arguments: list[str], out: int, watch: Path | None) -> int:
    """Return the id of a process, the first of its session, that runs pytest in a folder and exits with its code.

    out: file descriptor for what it prints. watch: file for what its tests take and call, see Watch.
    """
    process = os.fork()
    if process:
        return process
    code = 70
    try:
        os.setsid()
        os.chdir(folder)
        for stream in (1, 2):
            os.dup2(out, stream)
        mine = {str(Path(__file__).parent), str(Path(__file__).parents[2])}
        sys.path[:] = [str(folder), *(path for path in sys.path if path not in mine)]
        os.environ |= {'PYTHONPATH': os.pathsep.join(sys.path[:1] + [
            path for path in os.environ.get('PYTHONPATH', '').split(os.pathsep) if path not in mine]),
            'PYTHONDONTWRITEBYTECODE': '1'}
        sys.dont_write_bytecode = True
        if any(argument.startswith('test/ros/') for argument in arguments):
            _serve_forks()
        watching = None if watch is None else Watch(folder)
        code = pytest.main(arguments, [] if watching is None else [watching])
        if watching is not None:
            watch.write_text(json.dumps(watching.found()))
        sys.stdout.flush()
    finally:
        os._exit(code)


def _serve_forks() -> None:
    """Start the process that test/ros/forked.py forks its nodes from, as a fork of this one: it has PyTorch already."""
    def spawn(_, arguments: list[bytes], kept: list[int]) -> int:
        process = os.fork()
        if process:
            return process
        try:
            first = 3
            for descriptor in sorted(kept):
                os.closerange(first, descriptor)
                first = descriptor + 1
            os.closerange(first, 4096)
            exec(os.fsdecode(arguments[-1]), {})  # the statement that a new Python would be given
        finally:
            os._exit(0)

    usual, util.spawnv_passfds = util.spawnv_passfds, spawn
    try:
        with contextlib.suppress(ImportError):  # of a changed module: the tests will tell
            forkserver.set_forkserver_preload(['ttt3r_ros.ros.main'])
            forkserver.ensure_running()
    finally:
        util.spawnv_passfds = usual


class Watch:
    """How long each test takes, s, and which functions of the product it calls, by file and first line.

    What is called outside a test's own call, by fixtures and imports, counts for every test; what another process
    calls is not seen.
    """

    def __init__(self, folder: Path) -> None:
        """Watch the product's files in a folder."""
        self._product = f'{folder}/ttt3r_ros/'
        self._began = time.monotonic()
        self._shared: set[str] = set()
        self._tests: dict[str, dict] = {}
        self._now = self._shared
        threading.settrace(self._called)
        sys.settrace(self._called)

    def found(self) -> dict:
        """Return what was seen."""
        return {'seconds': time.monotonic() - self._began, 'tests': {
            name: test | {'calls': sorted(test['calls'] | self._shared)} for name, test in self._tests.items()}}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        """Time a test with all that it needs."""
        self._tests[item.nodeid] = {'seconds': 0.0, 'calls': set()}
        began = time.monotonic()
        result = yield
        self._tests[item.nodeid]['seconds'] = time.monotonic() - began
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        """Give a test what it calls itself."""
        self._now = self._tests[item.nodeid]['calls']
        result = yield
        self._now = self._shared
        return result

    def _called(self, frame, event, _) -> None:
        name = frame.f_code.co_filename
        if name.startswith(self._product):
            self._now.add(f'{name.removeprefix(self._product)}:{frame.f_code.co_firstlineno}')
