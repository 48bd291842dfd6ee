# SPDX-License-Identifier: Apache-2.0
"""A furnished room that a camera can walk round in.

World frame: z up, metres, the origin on the floor in the room's middle. Poses are camera-to-world, optical
axes (x right, y down, z forward).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import furniture, textures
from .lighting import Boxes, Lamp, light_maps, spread
from .render import Quad, Scene

DENSITY = 150.0  # texels per metre
REACH = 0.68  # metres that furniture may stand out from a wall; beyond it a ring is free for walking
WALL_PAINTS = [(0.88, 0.85, 0.76), (0.70, 0.78, 0.80), (0.80, 0.72, 0.62), (0.74, 0.80, 0.68)]
AMBIENT = np.array([0.38, 0.39, 0.42])
UP = np.array([0.0, 0.0, 1.0])
FLOOR, FIRST_WALL = 0, 2  # among the room's own surfaces; 1 is the ceiling


class Room:
    """A room that the seed decides: its size, paints, furniture and light.

    `size` (3,) is length, width and height in metres; `middle` (2,) half of what stands in the middle.
    """

    def __init__(self, seed: int):
        rng = np.random.default_rng([seed, 0])
        self.size = np.array([rng.uniform(5.4, 6.4), rng.uniform(4.8, 5.4), rng.uniform(2.45, 2.8)])
        self.middle = np.array([0.6, 0.45])
        self._window = (rng.uniform(1.3, 1.8), 0.95, rng.uniform(1.95, 2.1))  # width, bottom, top
        self._first = int(rng.integers(4))  # which wall has the window; the others follow
        boxes = self._furnish(rng)
        self._boxes = Boxes(boxes)
        self._scene = self._paint(rng, boxes)

    def render(self, pose: np.ndarray, intrinsics: np.ndarray,
               size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return what a pinhole camera sees: uint8 (h, w, 3) RGB, and float32 (h, w) metres along z.

        `pose` is (4, 4) camera-to-world, `intrinsics` (3, 3) with pixel centres at integers, `size` (h, w).
        Raises ValueError if the camera is outside the room.
        """
        pose = np.asarray(pose, np.float64)
        if self._walls_distance(pose[None, :3, 3])[0] <= 0:
            raise ValueError(f'the camera at {pose[:3, 3]} is outside the room of {self.size} m')
        return self._scene.render(pose, np.asarray(intrinsics, np.float64), size)

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
        window, study, door, shelves = ((self._first + i) % 4 for i in range(4))
        self._roles = {window: 'window', door: 'door'}
        boxes = self._place(furniture.window_frame(*self._window), window, 0.0)
        low = furniture.sofa if rng.random() < 0.5 else furniture.cabinet
        boxes += self._place(low(rng, rng.uniform(1.6, 1.9)), window, rng.uniform(-0.2, 0.2))

        half = self._along(study) / 2
        boxes += self._place(furniture.desk(rng, rng.uniform(1.3, 1.6)), study, -half + 1.75)
        boxes += self._place(furniture.picture(rng, 0.6, 0.8, 1.6), study, -half + 1.5)
        boxes += self._place(furniture.cabinet(rng, rng.uniform(0.9, 1.2)), study, half - 1.4)
        boxes += self._place(furniture.picture(rng, 0.9, 0.55, 1.65), study, half - 1.5)

        half = self._along(door) / 2
        self._door = -half + 1.5
        boxes += self._place(furniture.wardrobe(rng, rng.uniform(1.0, 1.2)), door, half - 1.45)
        boxes += self._place(furniture.picture(rng, 0.5, 0.7, 1.55), door, (self._door + half - 1.45) / 2)

        half = self._along(shelves) / 2
        boxes += self._place(furniture.bookshelf(rng, rng.uniform(1.0, 1.3)), shelves, -half + 1.5)
        boxes += self._place(furniture.sofa(rng, rng.uniform(1.5, 1.8)), shelves, half - 1.75)
        boxes += self._place(furniture.picture(rng, 1.1, 0.7, 1.6), shelves, half - 1.75)

        boxes += _stand(furniture.table(rng), _turn(rng.uniform(-0.12, 0.12)), np.zeros(3))
        paper = textures.plaster((1, 0.95, 0.82), 0.02)
        shade = furniture.block((-0.2, 0.2), (-0.2, 0.2), (0, 0.16), paper, glow=1.0)
        black = textures.plaster((0.2, 0.2, 0.2))
        cord = furniture.block((-0.008, 0.008), (-0.008, 0.008), (0.16, 0.32), black, glow=0.1)
        return boxes + _stand([shade, cord], _turn(0.5), np.array([0, 0, self.size[2] - 0.32]))

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
        lights = light_maps(quads, owners, self._boxes, self.size, self._lamps(rng), AMBIENT)
        painted = []
        for i, (quad, light) in enumerate(zip(quads, lights)):
            width, height = (max(1, round(v * DENSITY)) for v in (quad.width, quad.height))
            if owners[i] < 0:
                colours, bright = self._surface(rng, i, coats[i], width, height)
            else:
                colours, bright = faces[i - len(shell)][1](rng, *textures.grid(width, height, DENSITY)), None
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
        """Return the painters of floor, ceiling and the four walls."""
        base = WALL_PAINTS[rng.integers(len(WALL_PAINTS))]
        paler = tuple(0.3 + 0.7 * c for c in base)
        kinds = [textures.plaster(base), textures.stripes(base, paler, rng.uniform(0.12, 0.25)),
                 textures.bricks((0.66, 0.40, 0.30), (0.76, 0.72, 0.66)), textures.plaster(paler, 0.08)]
        floor = (textures.planks(furniture.WOODS[rng.integers(3)]) if rng.random() < 0.7
                 else textures.checks((0.82, 0.80, 0.75), (0.45, 0.40, 0.38), 0.4))
        return [floor, textures.plaster((0.93, 0.93, 0.91), 0.03), *(kinds[i] for i in rng.permutation(4))]

    def _surface(self, rng: np.random.Generator, i: int, coat: textures.Painter, width: int,
                 height: int) -> tuple[np.ndarray, tuple[slice, slice] | None]:
        """Return the colours of one of the room's own surfaces, and which part of it shines by itself."""
        canvas = coat(rng, *textures.grid(width, height, DENSITY))
        if i == FLOOR:
            size = (2.6, 1.9)
            carpet = textures.rug([furniture.VIVID[j] for j in rng.permutation(6)[:3]], *size)
            corner = (self.size[0] / 2 - size[0] / 2, self.size[1] / 2 - size[1] / 2)
            textures.paste(canvas, rng, carpet, corner, size, DENSITY)
        if i < FIRST_WALL:
            return canvas, None
        wall, metres = i - FIRST_WALL, height / DENSITY
        board = textures.plaster((0.86, 0.84, 0.80), 0.05)
        textures.paste(canvas, rng, board, (0, metres - 0.09), (self._along(wall), 0.09), DENSITY)
        role = self._roles.get(wall)
        if role == 'window':
            wide, low, high = self._window
            corner = (self._along(wall) / 2 - wide / 2, metres - high)
            return canvas, textures.paste(canvas, rng, textures.view, corner, (wide, high - low), DENSITY)
        if role == 'door':
            # A piece's x runs against the wall's own "right".
            left = self._along(wall) / 2 - self._door - 0.45
            textures.paste(canvas, rng, board, (left - 0.08, metres - 2.1), (1.06, 2.1), DENSITY)
            leaf = textures.wood(furniture.WOODS[rng.integers(4)])
            leaf = textures.panels(leaf, 1, 1, furniture.WOODS[0])
            textures.paste(canvas, rng, leaf, (left, metres - 2.02), (0.9, 2.02), DENSITY)
            knob = textures.plaster(furniture.METAL)
            textures.paste(canvas, rng, knob, (left + 0.76, metres - 1.02), (0.1, 0.03), DENSITY)
        return canvas, None

    def _lamps(self, rng: np.random.Generator) -> list[Lamp]:
        """Return the ceiling lamp and the window as a few small lights each, so that shadows are soft."""
        warm = np.array([1.0, 0.90, 0.74]) * rng.uniform(1.7, 2.4)
        lamps = [Lamp(np.array([dx, dy, self.size[2] - 0.40]), warm / 4)
                 for dx in (-0.15, 0.15) for dy in (-0.15, 0.15)]
        wide, low, high = self._window
        inward = _inward(self._first)
        along = np.cross(inward, UP)
        wall = -inward * (self.size[1 if self._first % 2 == 0 else 0] / 2 - 0.06)
        day = np.array([0.82, 0.93, 1.0]) * rng.uniform(3.2, 4.6)
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
