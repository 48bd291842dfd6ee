# SPDX-License-Identifier: Apache-2.0
"""Where a robot's base is, as its cameras have it: a camera that comes later begins there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ttt3r_ros.reconstruction.dead_reckoning import ACCELERATION, ANGULAR_ACCELERATION
from ttt3r_ros.reconstruction.odometry import Estimate
from ttt3r_ros.reconstruction.tracking import Bounds, unseen_motion
from ttt3r_ros.reconstruction.twist import exponential

LONGEST_S = 3600.0  # a longer time unseen says no more: clocks that do not agree
HELD_S = 1.0  # for which a speed is carried on


@dataclass(frozen=True)
class Told:
    """What a camera knew last: its name, the base (4, 4) in the odometry frame, the estimate that it gave last, and how
    far a stamp is from that, s: after it, or before all that is remembered (behind False). first: it is the only one.
    """

    camera: str
    base: np.ndarray
    last: Estimate
    apart_s: float
    behind: bool
    first: bool

    @property
    def _carried(self) -> bool:
        return self.behind and self.apart_s <= HELD_S and self.last.twist is not None

    @property
    def place(self) -> np.ndarray:
        """The base (4, 4) at the stamp, its last speed carried on where that is not long."""
        return self.base @ exponential(self.apart_s * self.last.twist) if self._carried else self.base

    def __str__(self) -> str:
        """Return it in words."""
        x, y, z = self.place[:3, 3]
        return f'{self.camera} has it: the base at {x:.2f} {y:.2f} {z:.2f} m, {self.apart_s:.2f} s apart'

    def unseen(self, bounds: Bounds) -> tuple[float, float]:
        """Return standard deviations, m and rad, of the base at that stamp."""
        elapsed, known = self.apart_s, _deviations(self.last.covariance)
        if self.first and elapsed <= HELD_S:
            moved = 0.0, 0.0  # they begin together
        elif self._carried:
            speed, rate = _deviations(self.last.twist_covariance)
            moved = (np.hypot(speed * elapsed, ACCELERATION * elapsed ** 2 / 2),
                     np.hypot(rate * elapsed, ANGULAR_ACCELERATION * elapsed ** 2 / 2))
        else:
            moved = unseen_motion(elapsed, bounds)
        return tuple(float(np.hypot(before, more)) for before, more in zip(known, moved, strict=True))


def _deviations(covariance: np.ndarray) -> tuple[float, float]:
    return tuple(float(np.sqrt(covariance[part, part].trace() / 3)) for part in (slice(0, 3), slice(3, 6)))


class Whereabouts:
    """Of one robot; the inference thread's, but for `bounds`."""

    def __init__(self, bounds: Bounds) -> None:
        """Begin without a camera; bounds: how fast the base can be."""
        self.bounds = bounds
        self._cameras: list[Callable[[int], Told | None]] = []

    def join(self, tells: Callable[[int], Told | None]) -> None:
        """Take a camera, by what it tells of the base at a stamp, ns, None while it knows nothing."""
        self._cameras.append(tells)

    def at(self, stamp: int) -> Told | None:
        """Return what is known of the base at a stamp, ns, by the camera that told nearest to it; None if nothing."""
        told = [found for tells in self._cameras if (found := tells(stamp)) is not None]
        return min(told, key=lambda found: found.apart_s, default=None)
