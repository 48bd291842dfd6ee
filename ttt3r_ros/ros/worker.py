# SPDX-License-Identifier: Apache-2.0
"""The inference thread and what waits for it. Only this thread touches the reconstruction."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

logger = logging.getLogger(__name__)

QUEUE_BYTES = 1 << 30  # waiting frames of a lossless run; past it the subscription waits, and DDS behind it


@dataclass(frozen=True)
class _Waiting:
    """A frame, its bytes, its source, and since when that waits, time.monotonic() seconds."""

    frame: Any
    size: int
    source: Any
    since: float


class TakenDown(RuntimeError):
    """What was asked for is not done any more: the node is taken down or configured anew."""


class Worker:
    """Hands frames to one thread: in live form the newest waiting one of each source, in lossless form all in order.

    Live, those of several sources may be handed over together.
    """

    def __init__(self, handle: Callable[[list[Any], Callable[[], Any]], None], *, lossless: bool, together: int = 1,
                 patience_s: float = 0.0) -> None:
        """Take the function that answers frames, given also what tells the next one. The worker starts paused.

        together: how many frames are handed over at a time at most; live alone: the composition hangs on time.
        patience_s: how long a frame waits at most for others to come.
        """
        self._together, self._patience = 1 if lossless else together, patience_s
        self._handle = handle
        self._lossless = lossless
        self._frames: deque[_Waiting] = deque()
        self._bytes = 0
        self._calls: deque[tuple[Callable[[], Any], Future]] = deque()
        self._waiting: list[Future] = []  # for room
        self._paused = True
        self._stopping = False
        self._in_hand: list[Any] = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name='inference', daemon=True)
        self._thread.start()

    def room(self) -> Future:
        """Return what is done as soon as there is room: at once, but in a lossless run with QUEUE_BYTES waiting."""
        future: Future = Future()
        with self._changed:
            self._waiting.append(future)
            self._let_in()
        return future

    def submit(self, frame: Any, size: int, source: Any = None) -> int:
        """Leave a frame of that many bytes; return how many older ones of its source it pushed out.

        Live, it takes the place in the queue of the one that it pushes out: so sources take turns. In lossless form
        none is pushed out: wait for `room` before.
        """
        with self._changed:
            dropped = 0
            older = None if self._lossless else next(
                (i for i, waiting in enumerate(self._frames) if waiting.source is source), None)
            if older is None:
                self._frames.append(_Waiting(frame, size, source, time.monotonic()))
            else:
                self._bytes -= self._frames[older].size
                self._frames[older], dropped = replace(self._frames[older], frame=frame, size=size), 1
            self._bytes += size
            self._changed.notify_all()
        return dropped

    def call(self, function: Callable[[], Any]) -> Any:
        """Run a function on the inference thread, before the next frame, and wait; return or raise what it does."""
        return self.ask(function).result()

    def post(self, function: Callable[[], Any]) -> None:
        """Run a function on the inference thread, before the next frame, and do not wait; what it raises is logged."""
        self.ask(function).add_done_callback(_log_failure)

    def ask(self, function: Callable[[], Any]) -> Future:
        """Run a function on the inference thread, before the next frame; return what will have its outcome.

        Raises TakenDown, as the outcome does, once the thread is stopped.
        """
        future: Future = Future()
        with self._changed:
            if self._stopping:
                raise TakenDown('the node is being taken down: ask again when it is active')
            self._calls.append((function, future))
            self._changed.notify_all()
        return future

    def resume(self) -> None:
        """Take frames."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def pause(self) -> list[Any]:
        """Finish the frames in hand, then rest; return the source of each waiting frame that was dropped.

        Frames that wait in a lossless run go on waiting.
        """
        with self._changed:
            self._paused = True
            self._let_in()
            dropped = []
            if not self._lossless:
                dropped = [waiting.source for waiting in self._frames]
                self._frames.clear()
                self._bytes = 0
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._in_hand)
        return dropped

    def pending(self) -> int:
        """Return how many frames wait or are in hand."""
        return len(self._frames) + len(self._in_hand)

    def unanswered(self) -> list[Any]:
        """Return the frames that are in hand and those that wait."""
        with self._changed:
            return self._in_hand + [waiting.frame for waiting in self._frames]

    def following(self) -> Any:
        """Return the frame that is answered next, None if that is not certain: live, a newer one may push it out."""
        with self._changed:
            return self._frames[0].frame if self._lossless and self._frames else None

    def stop(self) -> None:
        """Finish the frames in hand and end the thread; what waits is let go."""
        with self._changed:
            self._stopping = True
            self._let_in()
            self._changed.notify_all()
        self._thread.join()

    def _ready(self) -> bool:
        return self._stopping or bool(self._calls) or (bool(self._frames) and not self._paused)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._ready)
                if self._stopping:
                    break
                call = self._calls.popleft() if self._calls else None
                if call is None:
                    patience = self._frames[0].since + self._patience - time.monotonic()
                    if len(self._frames) < self._together and patience > 0:
                        self._changed.wait(patience)
                        continue
                    self._take()
            if call is not None:
                self._answer_call(*call)
                continue
            try:
                self._handle(self._in_hand, self.following)
            except Exception:
                # A frame must never take the thread down with it.
                logger.exception('a frame failed in a way that nobody foresaw; it is left out')
            with self._changed:
                self._in_hand = []
                self._changed.notify_all()
        for _, future in self._calls:
            future.set_exception(TakenDown('the node was taken down before it came to it: ask again when it is active'))

    def _take(self) -> None:
        """Take in hand what waits, as much as is handed over together; under the lock."""
        taken = [self._frames.popleft() for _ in range(min(self._together, len(self._frames)))]
        self._bytes -= sum(waiting.size for waiting in taken)
        self._in_hand = [waiting.frame for waiting in taken]
        self._let_in()
        self._changed.notify_all()

    def _let_in(self) -> None:
        """Tell those who wait that there is room; under the lock."""
        if self._bytes < QUEUE_BYTES or not self._lossless or self._paused or self._stopping:
            for future in self._waiting:
                future.set_result(None)
            self._waiting.clear()

    @staticmethod
    def _answer_call(function: Callable[[], Any], future: Future) -> None:
        try:
            future.set_result(function())
        except Exception as error:
            future.set_exception(error)


def _log_failure(future: Future) -> None:
    if future.exception() is not None:
        logger.error('a call between two frames failed in a way that nobody foresaw', exc_info=future.exception())
