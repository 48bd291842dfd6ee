# SPDX-License-Identifier: Apache-2.0
"""A world: a room, a camera and the camera's way through the room, all from one seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from .camera import Camera
from .room import DENSITY, Room
from .walk import drive, lap_length, walk

if TYPE_CHECKING:
    import torch

STEPS = (0.05, 0.14)  # metres between frames, on average
WALKED = 0.6  # of all worlds; in the others a robot drives


class World:
    """`poses` (frames, 4, 4) camera-to-world, optical axes; `intrinsics` (3, 3), pixel centres at integers."""

    def __init__(self, seed: int, frames: int, size: tuple[int, int], density: float = DENSITY):
        """Take the image size (h, w) in pixels, and the textures' density in texels per metre."""
        rng = np.random.default_rng([seed, 4])
        self._seed = seed
        self._room, self._camera = Room(seed, density), Camera.draw(seed, size)
        laps = max(1, round(frames * rng.uniform(*STEPS) / lap_length(self._room)))
        way = walk if rng.random() < WALKED else drive
        self.poses = way(self._room, frames, seed, laps, pauses=int(rng.integers(0, 4)))
        self.intrinsics = self._camera.intrinsics

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Return how far (n,) points (n, 3) of the world are from its nearest surface, metres."""
        return np.abs(self._room.clearance(points))

    def depth(self, index: int, intrinsics: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Return the depth (h, w), metres along z, that another camera (3, 3) of a size sees from pose `index`."""
        return self._room.render(self.poses[index], intrinsics, size)[1]

    def film_from(self, poses: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield what `film` does, for the same camera at other poses (n, 4, 4)."""
        return self._camera.film(self._room, poses, self._seed)

    def film(self, device: torch.device | str | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield image (h, w, 3) uint8 RGB and depth (h, w) float32, metres along z, for each pose.

        device: where to draw, many frames at once; by default one after another in numpy, which gives the same images.
        """
        if device is None:
            return self.film_from(self.poses)
        from .batch import BatchRenderer  # PyTorch takes a while to import
        return self._camera.film(self._room, self.poses, self._seed, BatchRenderer(self._room.scene, device))
