# SPDX-License-Identifier: Apache-2.0
"""The next batch, drawn in a thread while a GPU learns from this one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

Drawn = TypeVar('Drawn')


class Ahead:
    """On a CPU, where it would only be in training's way, a batch is drawn when it is asked for."""

    def __init__(self, draw: Callable[[int], Drawn], device: torch.device) -> None:
        """Take what draws the batch of a step of that number."""
        self._draw, self._on_gpu, self._coming = draw, device.type == 'cuda', None
        if self._on_gpu:
            self._thread, self._stream = ThreadPoolExecutor(1), torch.cuda.Stream(device)

    def batch(self, step: int) -> Drawn:
        """Return a step's; steps follow each other, and on a GPU a batch is good until the next is asked for."""
        if not self._on_gpu:
            return self._draw(step)
        drawn = (self._coming or self._begin(step)).result()
        self._coming = self._begin(step + 1)
        return drawn

    def _begin(self, step: int) -> Future:
        # Memory that the last batch had is used again when what reads it is through.
        read = torch.cuda.current_stream().record_event()
        return self._thread.submit(self._on_its_stream, step, read)

    def _on_its_stream(self, step: int, read: torch.cuda.Event) -> Drawn:
        with torch.cuda.stream(self._stream):
            self._stream.wait_event(read)
            drawn = self._draw(step)
        self._stream.synchronize()
        return drawn
