# SPDX-License-Identifier: Apache-2.0
"""Where the robot was a moment ago: poses by their stamps."""

from __future__ import annotations

from collections import deque

import numpy as np

from ttt3r_ros.reconstruction.trajectory import between

LENGTH = 1000  # poses


class PoseHistory:
    """The last LENGTH poses (4, 4), by increasing stamps in ns."""

    def __init__(self) -> None:
        """Begin empty."""
        self._known: deque[tuple[int, np.ndarray]] = deque(maxlen=LENGTH)

    def add(self, stamp: int, pose: np.ndarray) -> None:
        """Take the newest pose; a stamp that went back begins anew."""
        if self._known and stamp <= self._known[-1][0]:
            self.forget()
        self._known.append((stamp, pose))

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._known)

    @property
    def first(self) -> np.ndarray:
        """The first pose that is remembered."""
        return self._known[0][1]

    def at(self, stamp: int) -> np.ndarray | None:
        """Return the pose at a stamp, between two interpolated, after the last one the last; None before the first."""
        if not self._known or stamp < self._known[0][0]:
            return None
        if stamp >= self._known[-1][0]:
            return self._known[-1][1]
        stamps = [known for known, _ in self._known]
        i = int(np.searchsorted(stamps, stamp, side='right'))
        (before, first), (after, second) = self._known[i - 1], self._known[i]
        return between(first, second, (stamp - before) / (after - before))

    def apart(self, stamp: int) -> int | None:
        """Return how far a stamp is from the time that is remembered, ns, 0 within; None of nothing."""
        if not self._known:
            return None
        return max(self._known[0][0] - stamp, stamp - self._known[-1][0], 0)

    def forget(self) -> None:
        """Begin anew."""
        self._known.clear()
