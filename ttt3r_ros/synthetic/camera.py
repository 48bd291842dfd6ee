# SPDX-License-Identifier: Apache-2.0
"""A camera that is not perfect: its field of view, exposure, noise and motion blur."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from .room import Room

EXPOSURES = 3  # renders that make up one blurred image


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    `size` (h, w) in pixels; `fov` across, degrees; `shutter` the part of the frame interval that it is open (0:
    no blur); `swing` how far exposure wanders, in stops; `noise` the deviation of a mid-grey pixel, in levels of 255.
    """

    size: tuple[int, int]
    fov: float = 65.0
    shutter: float = 0.0
    swing: float = 0.0
    noise: float = 0.0

    @classmethod
    def draw(cls, seed: int, size: tuple[int, int]) -> Camera:
        """Return the camera that a seed stands for: 55 to 80 degrees, one in four with visible blur."""
        rng = np.random.default_rng([seed, 2])
        return cls(size, rng.uniform(55, 80), rng.choice([0, 0, 0, 0.5]), rng.uniform(0, 0.6), rng.uniform(0, 4))

    @property
    def intrinsics(self) -> np.ndarray:
        """The matrix (3, 3), pixel centres at integers."""
        height, width = self.size
        focal = width / 2 / np.tan(np.radians(self.fov) / 2)
        return np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]])

    def film(self, room: Room, poses: np.ndarray, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield image (h, w, 3) uint8 RGB and depth (h, w) float32 in metres for each of poses (n, 4, 4)."""
        rng = np.random.default_rng([seed, 3])
        phase, cycles = rng.random(3), rng.uniform(0.005, 0.03, 3)  # cycles per frame
        for i, pose in enumerate(poses):
            image, depth = room.render(pose, self.intrinsics, self.size)
            if self.shutter and i + 1 < len(poses):
                image = self._blurred(room, pose, poses[i + 1], image)
            stops = self.swing * np.sin(2 * np.pi * (cycles * i + phase)).mean()
            yield self._exposed(rng, image, stops), depth

    def _blurred(self, room: Room, pose: np.ndarray, following: np.ndarray, first: np.ndarray) -> np.ndarray:
        """Return the mean over the shutter's opening, centred on `pose`."""
        parts = self.shutter * np.linspace(-0.5, 0.5, EXPOSURES)
        turn = Rotation.from_matrix(pose[:3, :3].T @ following[:3, :3]).as_rotvec()
        total = first.astype(np.float32)
        for part in (p for p in parts if p):
            between = pose.copy()
            between[:3, 3] += part * (following[:3, 3] - pose[:3, 3])
            between[:3, :3] = pose[:3, :3] @ Rotation.from_rotvec(part * turn).as_matrix()
            total += room.render(between, self.intrinsics, self.size)[0]
        return total / EXPOSURES

    def _exposed(self, rng: np.random.Generator, image: np.ndarray, stops: float) -> np.ndarray:
        """Return the image with gain, shot noise (it grows with the root of the light) and clipping."""
        bright = image * np.float32(2 ** (stops / 2.2))  # images are display values
        if self.noise:
            grain = rng.standard_normal(image.shape, dtype=np.float32)
            bright += grain * self.noise * np.sqrt(bright * np.float32(1 / 128) + np.float32(0.1))
        return np.clip(bright + 0.5, 0, 255).astype(np.uint8)
