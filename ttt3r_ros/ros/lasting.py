# SPDX-License-Identifier: Apache-2.0
"""Whether what images say of their stamps lasts: of a node that stood still one or two say it and are old, no more."""

from __future__ import annotations

import time
from collections.abc import Callable

LASTS_S = 1.0  # from the first image that says so


class Lasting:
    """One trouble of one camera."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without it. clock: seconds."""
        self._clock = clock
        self._since: float | None = None

    def seen(self, trouble: bool) -> bool:
        """Take whether an image says it; say whether all have, for LASTS_S."""
        now = self._clock()
        self._since = (now if self._since is None else self._since) if trouble else None
        return self._since is not None and now - self._since >= LASTS_S
