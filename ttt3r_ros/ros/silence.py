# SPDX-License-Identifier: Apache-2.0
"""For how long nothing has come, as seen by a thread that is itself held up at times."""

from __future__ import annotations

import time
from collections.abc import Callable

TURN_S = 1.5  # from one turn to the next at most; where it was more, the thread was held up


class Silence:
    """Of a sender to whom one thread listens, with a turn each second. What the thread slept through is none: what has
    come meanwhile still waits for it.

    seconds: for how long nothing has come, as of the last turn; sure: as of the one before it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin. clock: seconds."""
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """Count from now: something has come, or may come from now on."""
        self._at = self._clock()
        self._met = False  # a turn has found nothing
        self.seconds = self.sure = 0.0

    def turn(self) -> float:
        """Take a turn; return for how long nothing has come, seconds."""
        now = self._clock()
        passed, self._at, self.sure = now - self._at, now, self.seconds
        if self._met or passed <= TURN_S:
            self.seconds += min(passed, TURN_S)
        self._met = True
        return self.seconds
