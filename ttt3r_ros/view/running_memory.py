# SPDX-License-Identifier: Apache-2.0
"""A memory that is still written, asked between two frames."""

from __future__ import annotations

import contextlib
import queue
from concurrent.futures import Future

import numpy as np

from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.reconstruction.frame import View
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.view.asking import AskError


class RunningMemory:
    """That of a reconstruction which one thread steps: it answers there, between two frames."""

    def __init__(self, reconstructor: Reconstructor) -> None:
        """Take it."""
        self._reconstructor = reconstructor
        self._asked: queue.SimpleQueue = queue.SimpleQueue()
        self._closed = False

    def ask(self, pose: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]) -> View:
        """Wait for an answer, from any other thread. Raises AskError."""
        future: Future[View] = Future()
        self._asked.put((future, pose, intrinsics, size))
        if self._closed:
            self.close()
        return future.result()

    def answer_waiting(self) -> None:
        """Answer what has been asked."""
        while not self._asked.empty():
            self.answer_next()

    def answer_next(self) -> None:
        """Wait for a question and answer it."""
        future, *question = self._asked.get()
        try:
            future.set_result(query(self._reconstructor, *question))
        except AskError as error:
            future.set_exception(error)

    def close(self) -> None:
        """Refuse what has been asked and not been answered, and what will be."""
        self._closed = True
        with contextlib.suppress(queue.Empty):
            while True:
                self._asked.get_nowait()[0].set_exception(AskError('the run has ended'))


def query(reconstructor: Reconstructor, pose: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]) -> View:
    """Ask a reconstructor. Raises AskError."""
    try:
        return reconstructor.query(pose, intrinsics, size)
    except (ValueError, NonFinitePrediction) as error:
        raise AskError(str(error)) from error
