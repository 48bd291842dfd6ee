# SPDX-License-Identifier: Apache-2.0
"""A room of any size with clutter in it, on floor and shelves and in the air, and photographs on its surfaces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import furniture, textures
from .lighting import Lamp
from .photographs import Album
from .room import Room

CLUTTER = (10, 60)  # boxes
SIZES = (0.02, 0.35)  # metres, half of a side
PHOTOGRAPHED = 0.6  # of all surfaces, where there is an album
LAMPS = 3  # small lights that are kept of a room's ten: baking takes most of a room's time


class WideRoom(Room):
    """A room as `Room`, 0.6 to 1.3 times as long and wide, with clutter.

    `album`: photographs for its surfaces; without one all paint is procedural, and the room another.
    """

    light_spacing = 0.18

    def __init__(self, seed: int, density: float, album: Album | None = None) -> None:
        """Take the textures' density in texels per metre."""
        self._wide_rng, self._album = np.random.default_rng([seed, 10]), album
        super().__init__(seed, density)

    def _furnish(self, rng: np.random.Generator) -> list[furniture.Box]:
        chance = self._wide_rng
        self.size = self.size * chance.uniform([0.6, 0.6, 0.9], [1.3, 1.3, 1.2])
        width, low, high = self._window
        self._window = (min(width, 0.4 * self.size[:2].min()), low, high)
        boxes = [b if b.glow else replace(b, paint=self._photographed(b.paint), front=self._photographed(b.front),
                                          top=self._photographed(b.top)) for b in super()._furnish(rng)]
        return boxes + [self._clutter(chance) for _ in range(chance.integers(*CLUTTER))]

    def _photographed(self, paint: textures.Painter | None) -> textures.Painter | None:
        if self._album is None or paint is None or self._wide_rng.random() >= PHOTOGRAPHED:
            return paint
        return self._album.painter(self._wide_rng)

    def _clutter(self, rng: np.random.Generator) -> furniture.Box:
        """Return a box of any shape: two in five lie on the floor, the others hang somewhere up to 2 m."""
        half = np.exp(rng.uniform(*np.log(SIZES), 3))
        if rng.random() < 0.3:
            half[rng.integers(3)] *= 0.3
        half = np.maximum(half, 0.012)
        ceiling = max(half[2], min(2.0, self.size[2] - half[2]))
        height = half[2] if rng.random() < 0.4 else rng.uniform(half[2], ceiling)
        centre = np.append(rng.uniform(-1, 1, 2) * (self.size[:2] / 2 - 0.1), height)
        angle = rng.uniform(0, 2 * np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        first, second = rng.random((2, 3))
        paint = (textures.mottled(tuple(first), tuple(second), rng.uniform(0.02, 0.3)) if rng.random() < 0.5
                 else textures.plaster(tuple(first)))
        return furniture.Box(half, centre, self._photographed(paint), rotation=turn)

    def _coats(self, rng: np.random.Generator) -> list[textures.Painter]:
        return [self._photographed(coat) for coat in super()._coats(rng)]

    def _lamps(self, rng: np.random.Generator) -> list[Lamp]:
        lamps = super()._lamps(rng)
        kept = self._wide_rng.permutation(len(lamps))[:LAMPS]
        return [replace(lamps[k], colour=lamps[k].colour * len(lamps) / LAMPS) for k in kept]
