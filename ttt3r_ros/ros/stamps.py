# SPDX-License-Identifier: Apache-2.0
"""Which image stamps follow on from the last, which are stale, and which say that time went back."""

from __future__ import annotations

from enum import Enum

LOOP_NS = 500_000_000  # no camera delivers half a second out of order
LOOP_RUN = 3  # stale stamps in a row that rise among themselves


class Verdict(Enum):
    """What a stamp means."""

    FOLLOWS = 'follows'
    STALE = 'stale'
    LOOPED = 'looped'


class StampOrder:
    """Judges stamps, in integer nanoseconds, one after another."""

    def __init__(self) -> None:
        """Start with no stamp seen."""
        self.last: int | None = None
        self._stale: list[int] = []

    def judge(self, stamp: int) -> Verdict:
        """Judge a stamp; one that follows or loops becomes the last one.

        A loop is a step back by more than LOOP_NS, or a run of LOOP_RUN rising stamps that are all stale: a bag
        shorter than that, played again. Two cameras on one topic give stale stamps one at a time, no run.
        """
        if self.last is None or stamp > self.last:
            self.last = stamp
            self._stale.clear()
            return Verdict.FOLLOWS
        if self._stale and stamp <= self._stale[-1]:
            self._stale.clear()
        self._stale.append(stamp)
        if self.last - stamp > LOOP_NS or len(self._stale) >= LOOP_RUN:
            self.last = stamp
            self._stale.clear()
            return Verdict.LOOPED
        return Verdict.STALE

    def forget(self) -> None:
        """Let any stamp follow."""
        self.last = None
        self._stale.clear()
