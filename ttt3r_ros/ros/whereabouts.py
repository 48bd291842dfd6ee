# SPDX-License-Identifier: Apache-2.0
"""Where a robot's base is, as its cameras have it: a camera that comes later begins there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ttt3r_ros.reconstruction.odometry import Estimate
from ttt3r_ros.reconstruction.tracking import Bounds, unseen_motion

LONGEST_S = 3600.0  # a longer time unseen says no more: clocks that do not agree


@dataclass(frozen=True)
class Told:
    """What a camera knew last: its name, the base (4, 4) in the odometry frame, how far a stamp is from that, s, and
    the estimate that it gave last."""

    camera: str
    base: np.ndarray
    apart_s: float
    last: Estimate

    def __str__(self) -> str:
        """Return it in words."""
        x, y, z = self.base[:3, 3]
        return f'{self.camera} has it: the base at {x:.2f} {y:.2f} {z:.2f} m, {self.apart_s:.2f} s apart'

    def unseen(self, bounds: Bounds) -> tuple[float, float]:
        """Return standard deviations, m and rad, of the base at that stamp."""
        moved = unseen_motion(self.apart_s, bounds)
        known = (self.last.covariance[part, part].trace() / 3 for part in (slice(0, 3), slice(3, 6)))
        return tuple(float(np.sqrt(variance + more ** 2)) for variance, more in zip(known, moved, strict=True))


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
