# SPDX-License-Identifier: Apache-2.0
"""How long each stage of a frame takes, without making the device wait in between."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import torch

ON_THE_HOST = ('preprocess', 'convert', 'publish', 'download')  # CUDA's own clock does not see these


class Stopwatch:
    """A model.stages.Stage that measures: the host's time on a CPU, the device's own on CUDA."""

    def __init__(self, device: torch.device) -> None:
        """Take the device that the network runs on."""
        self._device, self._cuda = device, device.type == 'cuda'
        self._host: dict[str, float] = defaultdict(float)
        self._events: list[tuple[str, torch.cuda.Event, torch.cuda.Event]] = []

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Measure a stage; a name that comes twice in a frame adds up."""
        if self._cuda and name not in ON_THE_HOST:
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record(torch.cuda.current_stream(self._device))
            yield
            end.record(torch.cuda.current_stream(self._device))
            self._events.append((name, start, end))
        else:
            start = time.perf_counter()
            yield
            self._host[name] += time.perf_counter() - start

    def lap(self) -> dict[str, float]:
        """Return the milliseconds of each stage since the last lap; on CUDA after the frame's download."""
        stages = {name: 1e3 * seconds for name, seconds in self._host.items()}
        for name, start, end in self._events:
            stages[name] = stages.get(name, 0.0) + start.elapsed_time(end)
        self._host.clear()
        self._events.clear()
        return stages
