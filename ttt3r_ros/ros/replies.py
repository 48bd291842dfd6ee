# SPDX-License-Identifier: Apache-2.0
"""Services that are always there, and whose replies come when they are ready; the executor goes on meanwhile."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import rclpy.task
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import Executor
from rclpy.lifecycle import LifecycleNode
from rclpy.service import Service

from ttt3r_ros.ros.device import DeviceError
from ttt3r_ros.ros.worker import TakenDown

Answer = Callable[[Any, Any], Awaitable[None]]

AT_ONCE = 8  # threads for the disk: past that many one is hung, or somebody floods us
LAST_REPLIES_S = 1.0  # how long a service that is taken off still answers at most
TICK_S = 0.02


class DiskBusy(RuntimeError):
    """Too many wait for the disk already."""


class NotReady(RuntimeError):
    """Nobody answers now; the message says why, and what to do."""


@dataclass
class _Door:
    """A service, and who answers it now."""

    service: Service
    answer: Answer | None = None
    refusals: tuple[type[Exception], ...] = ()


class Replies:
    """Makes services, and lets them wait for other threads; the executor's thread."""

    def __init__(self, node: LifecycleNode, unready: Callable[[], str] = lambda: 'nobody answers it now') -> None:
        """Take the node, and what says why a service that is there has nobody to answer it."""
        self._node, self._unready = node, unready
        # Of its own, and reentrant: a callback that waits holds up all others of a mutually exclusive group.
        self.group = ReentrantCallbackGroup()
        self._doors: dict[str, _Door] = {}
        self._due = 0
        self._on_disk = 0

    def offer(self, kinds: dict[str, type]) -> None:
        """Have services of these names, and no others; a call of one that nobody answers is refused, and why."""
        for name in [name for name, door in self._doors.items() if name not in kinds and door.answer is None]:
            self._node.destroy_service(self._doors.pop(name).service)
        for name, kind in kinds.items():
            if name not in self._doors:
                self._doors[name] = _Door(self._serve(kind, name))

    def service(self, kind: type, name: str, answer: Answer, refusals: tuple[type[Exception], ...] = ()) -> str:
        """Answer a service from now on, one that is not offered yet too; return its name.

        answer(request, response) fills the response in, which has `success` and `message`. A refusal that it raises
        becomes the message; so does what nobody foresaw, and the log has its traceback. One line in the log tells how
        each call ended.
        """
        if name not in self._doors:
            self._doors[name] = _Door(self._serve(kind, name))
        door = self._doors[name]
        door.answer, door.refusals = answer, refusals
        return name

    def _serve(self, kind: type, name: str) -> Service:
        called = name.removeprefix('~/')

        async def reply(request: Any, response: Any) -> Any:
            self._due += 1
            log, door = self._node.get_logger(), self._doors[name]
            refusals = door.refusals
            try:
                if door.answer is None:
                    raise NotReady(self._unready())
                await door.answer(request, response)
                response.success = True
                log.info(f'{called}: {response.message or "answered"}')
            except (*refusals, TakenDown, DiskBusy, DeviceError, NotReady) as error:
                response.message = str(error)
                log.warning(f'{called} refused: {error}')
            except Exception as error:
                response.message = f'it failed in a way that nobody foresaw, the log of the node has it: {error!r}'
                log.error(f'{called} failed in a way that nobody foresaw:\n{traceback.format_exc()}')
            finally:
                self._due -= 1
            return response

        return self._node.create_service(kind, name, reply, callback_group=self.group)

    async def of(self, work: Future) -> Any:
        """Wait for another thread's work without holding the executor; return or raise what it does."""
        if work.done():
            return work.result()
        executor = self._node.executor
        done = rclpy.task.Future(executor=executor)

        def tell(_: Future) -> None:
            done.set_result(None)
            executor.wake()  # setting a result alone does not

        work.add_done_callback(tell)
        await done
        return work.result()

    async def from_disk(self, function: Callable[[], Any]) -> Any:
        """Run a function on a thread of its own, which may wait for a disk; return or raise what it does.

        Raises DiskBusy.
        """
        if self._on_disk >= AT_ONCE:
            raise DiskBusy(f'{AT_ONCE} requests wait for the disk already: ask again when they have their replies')
        work: Future = Future()

        def run() -> None:
            try:
                work.set_result(function())
            except BaseException as error:
                work.set_exception(error)

        self._on_disk += 1
        try:
            # A daemon: a disk that hangs must not keep the process.
            threading.Thread(target=run, name='disk', daemon=True).start()
            return await self.of(work)
        finally:
            self._on_disk -= 1

    def finish(self, executor: Executor) -> None:
        """Let those who wait have their replies before the process ends, if it does not take long."""
        end = time.monotonic() + LAST_REPLIES_S
        while self._due and time.monotonic() < end:
            executor.spin_once(timeout_sec=TICK_S)

    def take_off(self, names: list[str]) -> None:
        """Answer these services no more; those who wait have their replies all the same."""
        for name in names:
            self._doors[name].answer = None
