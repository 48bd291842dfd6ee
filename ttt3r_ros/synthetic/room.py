# SPDX-License-Identifier: Apache-2.0
"""A furnished room that a camera can walk round in.

World frame: z up, metres, the origin on the floor in the room's middle. Poses are camera-to-world, optical
axes (x right, y down, z forward).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from . import furniture, textures
from .lighting import SPACING, Boxes, Lamp, light_maps, spread
from .render import Quad, Scene

DENSITY = 150.0  # texels per metre; half of it is plenty for images of 128×96
REACH = 0.68  # metres that furniture may stand out from a wall; beyond it a ring is free for walking
CORNER = 0.78  # metres from a room's corner that stay free, so that furniture of two walls cannot meet
AMBIENT = np.array([0.38, 0.39, 0.42])
UP = np.array([0.0, 0.0, 1.0])
FLOOR, FIRST_WALL = 0, 2  # among the room's own surfaces; 1 is the ceiling


@dataclass(frozen=True)
class Kind:
    """A kind of furniture: its maker (rng, width) → boxes, and the widths it comes in, metres."""

    make: Callable[[np.random.Generator, float], list[furniture.Box]]
    widths: tuple[float, float]


LOW = [Kind(furniture.cabinet, (0.9, 1.9)), Kind(furniture.sofa, (1.5, 1.9)), Kind(furniture.crates, (0.9, 1.3))]
KINDS = [*LOW, Kind(furniture.desk, (1.25, 1.6)), Kind(furniture.bookshelf, (0.9, 1.3)),
         Kind(furniture.wardrobe, (1.0, 1.2))]


class Room:
    """A room that the seed decides: its size, paints, furniture and light.

    `size` (3,) is length, width and height in metres; `middle` (2,) half of what stands in the middle, 0 if
    nothing does. `density` is that of the textures, in texels per metre.
    """

    light_spacing = SPACING  # metres

    def __init__(self, seed: int, density: float = DENSITY):
        rng = np.random.default_rng([seed, 0])
        self.size = np.array([rng.uniform(5.0, 7.4), rng.uniform(4.4, 6.0), rng.uniform(2.4, 3.0)])
        self.middle = np.array([0.6, 0.45]) * (rng.random() < 0.75)
        self._density = density
        self._window = (rng.uniform(1.0, 1.9), rng.uniform(0.85, 1.0), rng.uniform(1.9, 2.15))  # width, bottom, top
        self._first = int(rng.integers(4))  # which wall has the window; the door's is another
        self._door_wall = (self._first + int(rng.integers(1, 4))) % 4
        boxes = self._furnish(rng)
        self._boxes = Boxes(boxes)
        self.scene = self._paint(rng, boxes)

    def render(self, pose: np.ndarray, intrinsics: np.ndarray,
               size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return what a pinhole camera sees: uint8 (h, w, 3) RGB, and float32 (h, w) metres along z.

        `pose` is (4, 4) camera-to-world, `intrinsics` (3, 3) with pixel centres at integers, `size` (h, w).
        Raises ValueError if the camera is outside the room.
        """
        pose = np.asarray(pose, np.float64)
        if self._walls_distance(pose[None, :3, 3])[0] <= 0:
            raise ValueError(f'the camera at {pose[:3, 3]} is outside the room of {self.size} m')
        return self.scene.render(pose, np.asarray(intrinsics, np.float64), size)

    def clearance(self, points: np.ndarray) -> np.ndarray:
        """Return the distance (n,) in metres from points (n, 3) to what is nearest, negative inside it."""
        points = np.asarray(points, np.float64)
        distances = [self._boxes.distance(points, k) for k in range(len(self._boxes.half))]
        return np.min([self._walls_distance(points), *distances], axis=0)

    def _walls_distance(self, points: np.ndarray) -> np.ndarray:
        half = self.size / 2
        return (half - np.abs(points - [0, 0, half[2]])).min(1)

    def _along(self, wall: int) -> float:
        """Return the length of a wall in metres."""
        return float(self.size[0 if wall % 2 == 0 else 1])

    def _place(self, piece: list[furniture.Box], wall: int, at: float) -> list[furniture.Box]:
        """Return a piece stood against a wall, `at` metres from its middle."""
        inward = _inward(wall)
        along = np.cross(inward, UP)
        foot = -inward * self.size[1 if wall % 2 == 0 else 0] / 2 + along * at
        return _stand(piece, np.stack([along, inward, UP], 1), foot)

    def _furnish(self, rng: np.random.Generator) -> list[furniture.Box]:
        boxes = []
        for wall in range(4):
            boxes += self._line_wall(rng, wall)
        if self.middle.any():
            piece, back = (furniture.table(rng), 0.0) if rng.random() < 0.7 else (furniture.crates(rng, 1.1), -0.3)
            boxes += _stand(piece, _turn(rng.uniform(-0.12, 0.12)), np.array([0, back, 0]))
        paper = textures.plaster((1, 0.95, 0.82), 0.02)
        shade = furniture.block((-0.2, 0.2), (-0.2, 0.2), (0, 0.16), paper, glow=1.0)
        black = textures.plaster((0.2, 0.2, 0.2))
        cord = furniture.block((-0.008, 0.008), (-0.008, 0.008), (0.16, 0.32), black, glow=0.1)
        return boxes + _stand([shade, cord], _turn(0.5), np.array([0, 0, self.size[2] - 0.32]))

    def _line_wall(self, rng: np.random.Generator, wall: int) -> list[furniture.Box]:
        """Stand pieces of random kind and width side by side along a wall; pictures hang above the low ones."""
        half = self._along(wall) / 2
        boxes, left, end = [], -half + CORNER, half - CORNER
        if wall == self._first:
            boxes += self._place(furniture.window_frame(*self._window), wall, 0.0)
        if wall == self._door_wall:
            self._door = rng.choice([left + 0.55, end - 0.55])
            left, end = (left + 1.2, end) if self._door < 0 else (left, end - 1.2)
        while end - left > 1.0:
            kind = LOW[rng.integers(len(LOW))] if wall == self._first else KINDS[rng.integers(len(KINDS))]
            width = min(rng.uniform(*kind.widths), end - left)
            middle = left + width / 2
            if rng.random() < 0.85:
                boxes += self._place(kind.make(rng, width), wall, middle)
            if kind in LOW and wall != self._first and rng.random() < 0.6:
                wide, tall = rng.uniform(0.4, min(1.1, width)), rng.uniform(0.4, 0.8)
                boxes += self._place(furniture.picture(rng, wide, tall, rng.uniform(1.5, 1.7)), wall, middle)
            left += width + rng.uniform(0.05, 0.9)
        return boxes

    def _shell(self) -> list[Quad]:
        x, y, height = self.size * [0.5, 0.5, 1]
        quads = [Quad(np.array([-x, y, 0]), np.array([1.0, 0, 0]), np.array([0, -1.0, 0]), 2 * x, 2 * y),
                 Quad(np.array([-x, -y, height]), np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), 2 * x, 2 * y)]
        for wall in range(4):
            inward = _inward(wall)
            right = np.cross(-inward, UP)
            corner = -inward * (y if wall % 2 == 0 else x) - right * self._along(wall) / 2 + UP * height
            quads.append(Quad(corner, right, -UP, self._along(wall), height))
        return quads

    def _paint(self, rng: np.random.Generator, boxes: list[furniture.Box]) -> Scene:
        """Paint every surface, bake the light into it and return the scene."""
        shell = self._shell()
        faces = [(quad, painter, k) for k, box in enumerate(boxes) for quad, painter in box.faces()]
        quads = shell + [quad for quad, _, _ in faces]
        owners = [-1] * len(shell) + [k for _, _, k in faces]
        coats = self._coats(rng)
        lights = light_maps(quads, owners, self._boxes, self.size, self._lamps(rng), AMBIENT,
                            self.light_spacing)
        painted = []
        for i, (quad, light) in enumerate(zip(quads, lights)):
            width, height = (max(1, round(v * self._density)) for v in (quad.width, quad.height))
            if owners[i] < 0:
                colours, bright = self._surface(rng, i, coats[i], width, height)
            else:
                colours, bright = faces[i - len(shell)][1](rng, *textures.grid(width, height, self._density)), None
            glow = boxes[owners[i]].glow if owners[i] >= 0 else 0.0
            shown = colours * spread(np.maximum(light, glow) ** (1 / 2.2), height, width)
            if bright:
                shown[bright] = colours[bright]
            # Bright parts bend towards white instead of being cut off.
            hot = shown > 0.8
            shown[hot] = 1 - 0.2 * np.exp((0.8 - shown[hot]) / 0.2)
            painted.append(shown)
        return Scene(quads, painted, len(shell))

    def _coats(self, rng: np.random.Generator) -> list[textures.Painter]:
        """Return the painters of floor, ceiling and the four walls; each wall may have its own."""
        base, accent = (furniture.tint(rng, 0.25, rng.uniform(0.6, 0.9)) for _ in range(2))
        paler = tuple(0.3 + 0.7 * c for c in base)
        kinds = [textures.plaster(base), textures.plaster(base), textures.plaster(paler, 0.03),
                 textures.stripes(base, paler, rng.uniform(0.1, 0.3)),
                 textures.checks(base, accent, rng.uniform(0.15, 0.4)),
                 textures.mottled(base, accent, rng.uniform(0.05, 0.4)),
                 textures.bricks(furniture.tint(rng, 0.5, 0.6), (0.76, 0.72, 0.66))]
        walls = [kinds[i] for i in rng.integers(len(kinds), size=4)]
        stone = furniture.tint(rng, 0.15, rng.uniform(0.45, 0.75))
        floors = [textures.planks(furniture.WOODS[rng.integers(len(furniture.WOODS))]),
                  textures.planks(furniture.WOODS[rng.integers(len(furniture.WOODS))], rng.uniform(0.08, 0.25)),
                  textures.checks((0.82, 0.80, 0.75), stone, rng.uniform(0.25, 0.5)),
                  textures.mottled(stone, tuple(0.7 * c for c in stone), rng.uniform(0.03, 0.15))]
        return [floors[rng.integers(len(floors))], textures.plaster((0.93, 0.93, 0.91), 0.03), *walls]

    def _surface(self, rng: np.random.Generator, i: int, coat: textures.Painter, width: int,
                 height: int) -> tuple[np.ndarray, tuple[slice, slice] | None]:
        """Return the colours of one of the room's own surfaces, and which part of it shines by itself."""
        def paste(painter: textures.Painter, corner: tuple[float, float], size: tuple[float, float]):
            return textures.paste(canvas, rng, painter, corner, size, self._density)

        canvas = coat(rng, *textures.grid(width, height, self._density))
        if i == FLOOR and rng.random() < 0.7:
            size = (rng.uniform(1.6, 3.0), rng.uniform(1.3, 2.2))
            carpet = textures.rug([furniture.VIVID[j] for j in rng.permutation(6)[:3]], *size)
            paste(carpet, (self.size[0] / 2 - size[0] / 2, self.size[1] / 2 - size[1] / 2), size)
        if i < FIRST_WALL:
            return canvas, None
        wall, metres = i - FIRST_WALL, height / self._density
        board = textures.plaster((0.86, 0.84, 0.80), 0.05)
        paste(board, (0, metres - 0.09), (self._along(wall), 0.09))
        if wall == self._door_wall:
            # A piece's x runs against the wall's own "right".
            left = self._along(wall) / 2 - self._door - 0.45
            paste(board, (left - 0.08, metres - 2.1), (1.06, 2.1))
            leaf = textures.panels(textures.wood(furniture.WOODS[rng.integers(4)]), 1, 1, furniture.WOODS[0])
            paste(leaf, (left, metres - 2.02), (0.9, 2.02))
            paste(textures.plaster(furniture.METAL), (left + 0.76, metres - 1.02), (0.1, 0.03))
        if wall == self._first:
            wide, low, high = self._window
            return canvas, paste(textures.view, (self._along(wall) / 2 - wide / 2, metres - high), (wide, high - low))
        return canvas, None

    def _lamps(self, rng: np.random.Generator) -> list[Lamp]:
        """Return the ceiling lamp and the window as a few small lights each, so that shadows are soft."""
        warm = np.array([1.0, 0.90, 0.74]) * rng.uniform(1.2, 2.8)
        lamps = [Lamp(np.array([dx, dy, self.size[2] - 0.40]), warm / 4)
                 for dx in (-0.15, 0.15) for dy in (-0.15, 0.15)]
        wide, low, high = self._window
        inward = _inward(self._first)
        along = np.cross(inward, UP)
        wall = -inward * (self.size[1 if self._first % 2 == 0 else 0] / 2 - 0.06)
        day = np.array([0.82, 0.93, 1.0]) * rng.uniform(1.5, 5.0)
        return lamps + [Lamp(wall + along * dx * wide + UP * (low + dz * (high - low)), day / 6, inward)
                        for dx in (-0.35, 0, 0.35) for dz in (0.25, 0.75)]


def _inward(wall: int) -> np.ndarray:
    """Return the unit vector (3,) from a wall into the room; wall 0 is at +y, and they go round clockwise."""
    return np.array([[0.0, -1, 0], [-1, 0, 0], [0, 1, 0], [1, 0, 0]][wall])


def _turn(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])


def _stand(piece: list[furniture.Box], rotation: np.ndarray, foot: np.ndarray) -> list[furniture.Box]:
    """Return a piece turned by `rotation` (3, 3) with its origin at `foot` (3,)."""
    return [replace(box, rotation=rotation, centre=rotation @ box.centre + foot) for box in piece]
