# SPDX-License-Identifier: Apache-2.0
"""How many threads a live run computes in: as many as turn out to be quickest beside whatever else is running.

A thread that has no core of its own holds the others up at each product. Runs whose answers must not hang on a clock,
lossless and offline ones, do without: they go by the network's work alone (threads.limit_threads).
"""

from __future__ import annotations

import logging
from collections import deque
from statistics import median

from ttt3r_ros.model.threads import use_threads

logger = logging.getLogger(__name__)

TRIED = 3  # steps of each number; the first of them, in which threads begin, does not count
RECENT = 5  # steps
CHANGED = 1.5  # times longer or shorter than when a number was chosen: then all are tried again
GAIN = 1.1  # times quicker than with fewer threads, or they are not worth their cores
FEWEST = 20  # steps from one trial to the next
AGAIN = 300  # steps after which all are tried in any case: cores that became free cannot be seen with fewer threads


class ThreadWatch:
    """Told of every step of a live run, on the thread that steps, it sets the number for the next one."""

    def __init__(self, most: int) -> None:
        """Take what the work is worth: that number, halves of it, and one are tried with the first steps."""
        self.chosen = most
        self._numbers = [most]
        while self._numbers[-1] > 1:
            self._numbers.append(self._numbers[-1] // 2)
        self._usual = 0.0  # seconds a step took when it was chosen
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._begin_trial()

    def took(self, seconds: float) -> None:
        """Take the time of a step; of several images, each one's share."""
        if len(self._numbers) == 1:
            return
        if self._left:
            self._try(seconds)
            return
        self._recent.append(seconds)
        self._since += 1
        changed = len(self._recent) == RECENT and not 1 / CHANGED < median(self._recent) / self._usual < CHANGED
        if self._since >= AGAIN or changed and self._since >= FEWEST:
            self._begin_trial()
            use_threads(self._left[0])

    def _begin_trial(self) -> None:
        self._left = [number for number in self._numbers for _ in range(TRIED)]
        self._times: dict[int, list[float]] = {number: [] for number in self._numbers}

    def _try(self, seconds: float) -> None:
        number = self._left.pop(0)
        self._times[number].append(seconds)
        if self._left:
            if self._left[0] != number:
                use_threads(self._left[0])
            return
        best = {number: min(times[1:]) for number, times in self._times.items()}
        before, self.chosen = self.chosen, self._numbers[-1]
        for number in reversed(self._numbers):
            if best[number] * GAIN < best[self.chosen]:
                self.chosen = number
        use_threads(self.chosen)
        self._usual, self._since = best[self.chosen], 0
        self._recent.clear()
        if self.chosen != before:
            logger.info('computing in %d thread%s now: %s', self.chosen, 's'[:self.chosen > 1],
                        ', '.join(f'{1e3 * seconds:.0f} ms in {number}' for number, seconds in best.items()))
