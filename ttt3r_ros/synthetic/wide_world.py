# SPDX-License-Identifier: Apache-2.0
"""A wide world: any room, any camera carried any way; several films can be taken in one room."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .camera import Camera
from .hand import carried
from .photographs import Album
from .room import DENSITY
from .wide_room import WideRoom


class WideWorld:
    """`poses` (frames, 4, 4) camera-to-world, optical axes; `intrinsics` (3, 3), pixel centres at integers.

    Beside it `World` is narrow: 55 to 80 degrees, walks at 1.45 m and drives. Without an album all paint is procedural.
    """

    def __init__(self, seed: int, frames: int, size: tuple[int, int], density: float = DENSITY,
                 album: Album | None = None) -> None:
        """Take the image size (h, w) in pixels, and the textures' density in texels per metre.

        Raises ValueError where no way is found.
        """
        self._seed, self._size = seed, size
        self._room = WideRoom(seed, density, album)
        self.take(0, frames)

    def take(self, number: int, frames: int) -> None:
        """Go another way with another camera, in the same room. Raises ValueError where no way is found."""
        rng = np.random.default_rng([self._seed, 11, number])
        self._take = number
        self._camera = Camera.draw_wide(rng, self._size)
        self.poses = carried(self._room, frames, rng)
        self.intrinsics = self._camera.intrinsics

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Return how far (n,) points (n, 3) of the world are from its nearest surface, metres."""
        return np.abs(self._room.clearance(points))

    def depth(self, index: int, intrinsics: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Return the depth (h, w), metres along z, that another camera (3, 3) of a size sees from pose `index`."""
        return self._room.render(self.poses[index], intrinsics, size)[1]

    def film(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield image (h, w, 3) uint8 RGB and depth (h, w) float32, metres along z, for each pose."""
        return self._camera.film(self._room, self.poses, self._seed + self._take)
