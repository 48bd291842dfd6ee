# SPDX-License-Identifier: Apache-2.0
"""Another odometry's poses at a camera's moments."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import deque

import numpy as np

from ttt3r_ros.reconstruction.trajectory import between

LENGTH = 2000  # poses: 10 s of 200 Hz
LONGEST_GAP_NS = 500_000_000  # between two poses; over more, the way between them is not known


class WheelTrack:
    """Stamped poses of bounded number, and those between them. Thread-safe."""

    def __init__(self, length: int = LENGTH) -> None:
        """Begin without a pose; length: how many are remembered."""
        self._lock = threading.Lock()
        self._stamps: deque[int] = deque(maxlen=length)
        self._poses: deque[np.ndarray] = deque(maxlen=length)

    def add(self, stamp: int, pose: np.ndarray) -> int:
        """Take a pose (4, 4) at a stamp, ns; return by how much, ns, that is not later than the last, -1 if it is.

        What repeats, or comes out of order, is left out. One that is back by more than LONGEST_GAP_NS begins the track
        anew: a looped bag.
        """
        with self._lock:
            back = self._stamps[-1] - stamp if self._stamps else -1
            if back > LONGEST_GAP_NS:
                self._stamps.clear()
                self._poses.clear()
            if not 0 <= back <= LONGEST_GAP_NS:
                self._stamps.append(stamp)
                self._poses.append(pose)
        return max(back, -1)

    def span(self) -> tuple[int, int] | None:
        """Return the first and the last stamp, ns, None without a pose."""
        with self._lock:
            return (self._stamps[0], self._stamps[-1]) if self._stamps else None

    def reaches(self, stamp: int) -> bool:
        """Say whether the track has come to a stamp, ns."""
        with self._lock:
            return bool(self._stamps) and self._stamps[-1] >= stamp

    def at(self, stamp: int) -> np.ndarray | None:
        """Return the pose (4, 4) at a stamp, ns, None where there are none close before and after it."""
        with self._lock:
            after = bisect_right(self._stamps, stamp)
            if after and self._stamps[after - 1] == stamp:
                return self._poses[after - 1]
            if not 0 < after < len(self._stamps) or self._stamps[after] - self._stamps[after - 1] > LONGEST_GAP_NS:
                return None
            (t0, t1), (first, second) = ([d[after - 1], d[after]] for d in (self._stamps, self._poses))
        return between(first, second, (stamp - t0) / (t1 - t0))
