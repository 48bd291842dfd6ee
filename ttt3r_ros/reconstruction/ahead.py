# SPDX-License-Identifier: Apache-2.0
"""Work on the next image that a GPU does beside this one's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from typing import Any

import numpy as np
import torch


@cache
def _beside(device: torch.device) -> torch.cuda.Stream:
    """Return the stream of all that is begun early on a device: what shares recordings may not run side by side, and
    each stream holds scratch memory of its own for good."""
    return torch.cuda.Stream(device)


class Ahead:
    """One image that is begun early, on a stream beside the one in use.

    Whoever takes what was begun must wait for the device before letting go of it: its memory belongs to that stream.
    """

    def __init__(self, device: torch.device) -> None:
        """Take the network's device."""
        self._device = device
        self._stream: torch.cuda.Stream | None = None
        self._begun: tuple[np.ndarray, Any] | None = None

    @property
    def pays(self) -> bool:
        """Say whether anything goes on beside: a CPU would only answer this image later."""
        return self._device.type == 'cuda'

    def mark(self) -> None:
        """Let what is begun from now on wait for the work given to the device so far, and for none that follows."""
        if self._device.type == 'cuda':
            self._stream = _beside(self._device)
            self._stream.wait_stream(torch.cuda.current_stream(self._device))

    def begin(self, image: np.ndarray, work: Callable[[], Any]) -> None:
        """Do the work on this image, which nobody may change from now on."""
        with nullcontext() if self._stream is None else torch.cuda.stream(self._stream):
            self._begun = image, work()

    def join(self) -> None:
        """Let all that is given to the device from now on wait for what was begun."""
        if self._stream is not None:
            torch.cuda.current_stream(self._device).wait_stream(self._stream)

    def take(self, image: np.ndarray) -> Any:
        """Return what the work on this very image gave, None if it was not begun; it is given once."""
        begun, self._begun = self._begun, None
        return begun[1] if begun is not None and begun[0] is image else None
