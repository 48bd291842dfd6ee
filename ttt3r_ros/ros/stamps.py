# SPDX-License-Identifier: Apache-2.0
"""Which image stamps follow on from the last, and what is wrong with the others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ttt3r_ros.sequences.stamps import LOOP_NS

LOOP_RUN = 3  # stale stamps in a row that rise among themselves
AHEAD_NS = 10_000_000_000  # of this machine's clock: what is farther ahead would hold TF in the future for as long
SKEWED_NS = 1_000_000_000  # of this machine's clock: told, and taken
BEHIND_NS = 60_000_000_000  # of this machine's clock: no network is so slow, it is another clock
NEXT_NS = 2_000_000_000  # the next image of the clock that was left is no later than this, or than the clocks are apart
TWO_CLOCKS_S = 10.0  # since the slower of two clocks was last seen, after which a step back may be a loop again
ALONE_S = 3.0  # nothing of the clock that is followed has come: the other one is all there is


class Verdict(Enum):
    """What a stamp means; all but the first two drop the image."""

    FOLLOWS = 'follows'
    LOOPED = 'looped'
    STALE = 'stale'
    SECOND_CLOCK = 'second clock'
    AHEAD = 'ahead'
    UNSTAMPED = 'unstamped'


@dataclass(frozen=True)
class StepBack:
    """A loop, so it seemed: from which stamp to which, ns, and when the first of them came, seconds."""

    left: int
    to: int
    left_at: float


class StampOrder:
    """Judges stamps, in integer nanoseconds, one after another."""

    def __init__(self) -> None:
        """Start with no stamp seen."""
        self.last: int | None = None
        self.apart: int | None = None  # ns by which a second clock is behind, None while there is none
        self._last_at = 0.0
        self._stale: list[int] = []
        self._back: StepBack | None = None
        self._second_at = 0.0

    def judge(self, stamp: int, came: float, now: int | None = None) -> Verdict:
        """Judge a stamp that came at that time, time.monotonic() seconds; one that is taken becomes the last one.

        now: this machine's clock in ns, where the stamps are of the present; None in simulations and bags.

        A loop is a step back by more than LOOP_NS, or a run of LOOP_RUN rising stamps that are all stale: a bag
        shorter than that, played again. It goes on from where it went back to. Two drivers with clocks apart, on one
        topic, go back too, but a moment later there is the next stamp of the one that was left, sooner than time could
        have passed to it: from then on the slower clock's are dropped.
        """
        if now is not None and not stamp or stamp == self.last == 0:
            return Verdict.UNSTAMPED
        if now is not None and stamp - now > AHEAD_NS:
            return Verdict.AHEAD
        if self.last is None or stamp > self.last:
            self._find_second_clock(stamp, came)
            return self._take(stamp, came, Verdict.FOLLOWS)
        if self._stale and stamp <= self._stale[-1]:
            self._stale.clear()
        self._stale.append(stamp)
        if self.last - stamp <= LOOP_NS and len(self._stale) < LOOP_RUN:
            return Verdict.STALE
        if self.apart is not None and came - self._second_at < TWO_CLOCKS_S and came - self._last_at < ALONE_S:
            self.apart, self._second_at = self.last - stamp, came
            return Verdict.SECOND_CLOCK
        self.apart, self._back = None, StepBack(self.last, stamp, self._last_at)
        return self._take(stamp, came, Verdict.LOOPED)

    def explain(self, verdict: Verdict, stamp: int, now: int | None) -> str:
        """Return why an image was dropped that was judged so, and what to do."""
        if verdict is Verdict.UNSTAMPED:
            return ('its stamp is 0: the driver does not stamp its images, and what has no time has no place in TF; '
                    'have the driver fill in header.stamp')
        if verdict is Verdict.AHEAD:
            return (f"its stamp {stamp} ns is {(stamp - now) / 1e9:.1f} s ahead of this machine's clock: synchronise "
                    'the clocks, or set use_sim_time for a simulation and lossless for a bag')
        if verdict is Verdict.SECOND_CLOCK:
            return (f'two clocks stamp the images, {self.apart / 1e9:.2f} s apart; do two drivers publish here? Those '
                    'of the slower clock are left out')
        if stamp == self.last:
            return (f'its stamp {stamp} ns is that of the last image too: does the driver stamp every image, or '
                    'does the clock that it takes stand still?')
        return f'its stamp {stamp} ns is not after the last, {self.last} ns; do two cameras share the topic?'

    def forget(self) -> None:
        """Let any stamp follow."""
        self.last = self.apart = self._back = None
        self._stale.clear()

    def _take(self, stamp: int, came: float, verdict: Verdict) -> Verdict:
        self.last, self._last_at = stamp, came
        self._stale.clear()
        return verdict

    def _find_second_clock(self, stamp: int, came: float) -> None:
        back = self._back
        if back is not None and stamp > back.left:
            step, on = back.left - back.to, stamp - back.left
            # A loop takes the whole step, and as long as the stamps say, to come here again.
            if on < max(step, NEXT_NS) and came - back.left_at < (on + step / 2) / 1e9:
                self.apart, self._second_at = step, came
            self._back = None
