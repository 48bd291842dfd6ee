# SPDX-License-Identifier: Apache-2.0
"""Which images are answered, by their stamps, and when the memory should be reset before one."""

from __future__ import annotations

import math

from rclpy.clock import Clock

from ttt3r_ros.reconstruction.reset_policy import CameraGap
from ttt3r_ros.ros.diagnostics import Counters, Health
from ttt3r_ros.ros.lasting import Lasting
from ttt3r_ros.ros.log import Log
from ttt3r_ros.ros.stamps import BEHIND_NS, SKEWED_NS, StampOrder, Verdict

REPEAT_S = 5.0  # a trouble that stays is told again after this long


class Admission:
    """Judges one camera's images; the inference thread's."""

    def __init__(self, log: Log, clock: Clock, gap: CameraGap, counters: Counters, health: Health) -> None:
        """Take where to tell and to count; gap: of the memory, whose cameras share it."""
        self._log, self._clock = log, clock
        self._gap, self._counters, self._health = gap, counters, health
        self._stamps = StampOrder()
        self._behind = Lasting()
        self._size: tuple[int, int] | None = None

    def judge(self, stamp: int, received: float, size: tuple[int, int], lossless: bool) -> tuple[bool, str | None]:
        """Return whether an image is answered, and why the memory should be reset before it, or None.

        stamp: ns; received: time.monotonic() seconds; size: (h, w) in pixels.
        """
        # A bag and a simulation have a present of their own.
        present = not (lossless or self._clock.ros_time_is_active)
        now = self._clock.now().nanoseconds if present else None
        verdict = self._stamps.judge(stamp, received, now)
        if verdict not in (Verdict.FOLLOWS, Verdict.LOOPED):
            self._drop(verdict, stamp, now)
            return False, None
        if now is not None and stamp - now > SKEWED_NS:
            self._log.warning(f"the camera's stamps are {(stamp - now) / 1e9:.1f} s ahead of this machine's clock, and "
                              'so is all that is published with them: synchronise the clocks',
                              every=REPEAT_S)
        if self._behind.seen(now is not None and now - stamp > BEHIND_NS):
            self._log.warning(f"the camera's stamps are {(now - stamp) / 1e9:.0f} s behind this machine's clock, and "
                              'so is all that is published with them: TF of now is not found. A bag wants ros2 bag '
                              'play --clock and use_sim_time, a driver the time of day', every=math.inf)
        if self._size not in (None, size):
            self._log.info('images are {3}×{2} pixels now, no longer {1}×{0}'.format(*self._size, *size))
        self._size = size
        gap = self._gap.due(stamp)
        return True, 'image stamps went back (a looped bag?)' if verdict is Verdict.LOOPED else gap

    def clock_went_back(self, now: int) -> bool:
        """Say whether the last image lies in the clock's future (now, ns); any stamp may follow then."""
        ahead = self._stamps.last is not None and self._stamps.last > now
        if ahead:
            self._stamps.forget()
        return ahead

    def _drop(self, verdict: Verdict, stamp: int, now: int | None) -> None:
        text = self._stamps.explain(verdict, stamp, now)
        self._counters.dropped_stamp += 1
        self._health.stamps = text
        self._log.warning(f'image dropped: {text}', every=REPEAT_S)
