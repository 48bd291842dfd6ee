# SPDX-License-Identifier: Apache-2.0
"""A gyroscope that is carried along a camera's way: smooth motion through the poses, noise and a bias that walks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation, RotationSpline


class Motion:
    """The smooth motion through poses (n, 4, 4) at stamps (n,), ns."""

    def __init__(self, stamps: np.ndarray, poses: np.ndarray) -> None:
        """Raises ValueError for fewer than two poses."""
        self._begin = int(stamps[0])
        seconds = self._seconds(stamps)
        self._attitude = RotationSpline(seconds, Rotation.from_matrix(poses[:, :3, :3]))
        self._place = CubicSpline(seconds, poses[:, :3, 3])

    def pose(self, stamp: int) -> np.ndarray:
        """Return the pose (4, 4) at a stamp, ns."""
        pose, at = np.eye(4), self._seconds(stamp)
        pose[:3, :3], pose[:3, 3] = self._attitude(at).as_matrix(), self._place(at)
        return pose

    def rates(self, stamps: np.ndarray) -> np.ndarray:
        """Return the rates (n, 3), rad/s about the moving axes themselves, at stamps (n,), ns."""
        return self._attitude(self._seconds(stamps), 1)

    def _seconds(self, stamps: np.ndarray | int) -> np.ndarray | float:
        return (stamps - self._begin) / 1e9


@dataclass(frozen=True)
class Gyroscope:
    """A cheap one. hertz: samples a second; noise: rad/s, a sample's standard deviation on each axis; bias: rad/s, the
    same of what it begins with; walk: rad/s in √s, of how that changes."""

    hertz: float = 200.0
    noise: float = 0.005
    bias: float = 0.015
    walk: float = 1e-4

    def film(self, motion: Motion, first: int, last: int, mount: np.ndarray,
             rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return stamps (n,), ns, from first to last, rates (n, 3), rad/s about its own axes, and the biases (n, 3).

        mount (3, 3): its axes in those of what moves.
        """
        stamps = np.arange(first, last + 1, round(1e9 / self.hertz), dtype=np.int64)
        steps = rng.normal(size=(len(stamps), 3)) * self.walk / np.sqrt(self.hertz)
        steps[0] = rng.normal(size=3) * self.bias
        biases = np.cumsum(steps, axis=0)
        noise = rng.normal(size=(len(stamps), 3)) * self.noise
        return stamps, motion.rates(stamps) @ mount + biases + noise, biases
