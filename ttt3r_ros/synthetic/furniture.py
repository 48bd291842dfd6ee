# SPDX-License-Identifier: Apache-2.0
"""Things that stand in a room, built of boxes.

A piece is drawn in its own frame, in metres: x along the wall, centred; y away from the wall, 0 at the wall;
z up, 0 at the floor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .render import Quad
from .textures import (
    Colour,
    Painter,
    checks,
    fabric,
    mottled,
    painting,
    panels,
    plaster,
    spines,
    stripes,
    wood,
    writing,
)

WOODS: list[Colour] = [(0.72, 0.50, 0.30), (0.52, 0.33, 0.19), (0.85, 0.70, 0.50), (0.38, 0.25, 0.17)]
PAINTS: list[Colour] = [(0.86, 0.85, 0.80), (0.33, 0.45, 0.52), (0.60, 0.67, 0.55), (0.75, 0.33, 0.25)]
CLOTHS: list[tuple[Colour, Colour]] = [
    ((0.36, 0.46, 0.60), (0.75, 0.78, 0.80)), ((0.66, 0.32, 0.26), (0.90, 0.75, 0.5)),
    ((0.45, 0.52, 0.36), (0.85, 0.82, 0.65)), ((0.55, 0.50, 0.45), (0.3, 0.28, 0.3))]
VIVID: list[Colour] = [(0.80, 0.22, 0.18), (0.95, 0.72, 0.20), (0.16, 0.42, 0.62), (0.22, 0.50, 0.34),
                       (0.92, 0.90, 0.84), (0.45, 0.22, 0.42), (0.15, 0.16, 0.20), (0.90, 0.48, 0.20)]
INKS: list[Colour] = [(0.62, 0.14, 0.12), (0.12, 0.30, 0.50), (0.12, 0.34, 0.22), (0.13, 0.13, 0.16)]
PAPER: Colour = (0.93, 0.90, 0.84)
METAL: Colour = (0.62, 0.62, 0.60)


@dataclass(frozen=True)
class Box:
    """A box: half sizes (3,), centre (3,), rotation (3, 3) whose columns are its axes in the world, paint.

    `front` (the face towards +y) and `top` replace `paint` there; `glow` is light that the box gives off by
    itself, and such a box casts no shadow.
    """

    half: np.ndarray
    centre: np.ndarray
    paint: Painter
    front: Painter | None = None
    top: Painter | None = None
    rotation: np.ndarray | None = None
    glow: float = 0.0

    def faces(self) -> list[tuple[Quad, Painter]]:
        """Return the visible faces; one that lies on the floor is left out."""
        x, y, z = self.rotation.T
        up = np.array([0.0, 0.0, 1.0])
        result = []
        for outward, half_out, half_right, painter in (
                (y, self.half[1], self.half[0], self.front or self.paint),
                (-y, self.half[1], self.half[0], self.paint),
                (x, self.half[0], self.half[1], self.paint), (-x, self.half[0], self.half[1], self.paint)):
            right = np.cross(-outward, up)
            corner = self.centre + outward * half_out - right * half_right + z * self.half[2]
            result.append((Quad(corner, right, -up, 2 * half_right, 2 * self.half[2]), painter))
        for outward, down, painter in ((z, -y, self.top or self.paint), (-z, y, self.paint)):
            if outward[2] < 0 and self.centre[2] - self.half[2] < 1e-3:
                continue
            corner = self.centre + outward * self.half[2] - x * self.half[0] - down * self.half[1]
            result.append((Quad(corner, x, down, 2 * self.half[0], 2 * self.half[1]), painter))
        return result


def block(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float], paint: Painter,
          **more) -> Box:
    """Return the box between the given ends in a piece's frame."""
    ends = np.array([x, y, z], float)
    return Box(np.diff(ends, axis=1)[:, 0] / 2, ends.mean(1), paint, **more)


def _pick(rng: np.random.Generator, items: list):
    return items[rng.integers(len(items))]


def tint(rng: np.random.Generator, saturation: float, value: float) -> Colour:
    """Return a random colour, `saturation` 0 grey to 1 pure, whose brightest part is `value`."""
    return tuple(value * (1 - saturation * rng.permutation([0.0, rng.random(), 1.0])))


def crates(rng: np.random.Generator, width: float) -> list[Box]:
    """Boxes of many sizes and prints, stood and stacked against the wall."""
    boxes, left = [], -width / 2
    while left < width / 2 - 0.2:
        right = min(left + rng.uniform(0.25, 0.6), width / 2)
        level = 0.0
        for _ in range(rng.integers(1, 4)):
            tall, deep, shift = rng.uniform(0.15, 0.5), rng.uniform(0.3, 0.6), rng.uniform(0, 0.05)
            first, second = tint(rng, 0.7, rng.uniform(0.3, 0.95)), tint(rng, 0.7, rng.uniform(0.2, 0.9))
            paint = _pick(rng, [plaster(first, 0.1), checks(first, second, rng.uniform(0.04, 0.12)),
                                stripes(first, second, rng.uniform(0.03, 0.1)), wood(_pick(rng, WOODS)),
                                mottled(first, second, rng.uniform(0.02, 0.1)),
                                writing(PAPER, second, rng.uniform(0.03, 0.08))])
            boxes.append(block((left + shift, right - 0.01), (0.01, deep), (level, level + tall), paint))
            level += tall
        left = right
    return boxes


def _legs(x: float, y: tuple[float, float], height: float, thick: float, paint: Painter) -> list[Box]:
    return [block((sx - thick / 2, sx + thick / 2), (sy - thick / 2, sy + thick / 2), (0, height), paint)
            for sx in (-x + thick, x - thick) for sy in (y[0] + thick, y[1] - thick)]


def bookshelf(rng: np.random.Generator, width: float) -> list[Box]:
    """Sides, back and boards, with books of many colours on each."""
    depth, height, boards = 0.3, rng.uniform(1.7, 2.1), 5
    paint, side = wood(_pick(rng, WOODS)), 0.025
    half = width / 2
    boxes = [block((-half, -half + side), (0, depth), (0, height), paint),
             block((half - side, half), (0, depth), (0, height), paint),
             block((-half + side, half - side), (0, 0.015), (0, height), paint)]
    for i in range(boards + 1):
        base = 0.06 + i * (height - 0.085) / boards
        boxes.append(block((-half + side, half - side), (0.015, depth), (base, base + side), paint))
        if i == boards:
            break
        left, room = -half + side, (height - 0.085) / boards - side
        while left < half - 0.25:
            right = min(left + rng.uniform(0.15, 0.45), half - side)
            tall = rng.uniform(0.6, 0.9) * room
            front = rng.uniform(0.18, 0.27)
            if rng.random() < 0.8:
                books = spines(VIVID)
                pages = stripes((0.9, 0.87, 0.78), (0.6, 0.55, 0.5), 0.02)
                boxes.append(block((left, right), (0.02, front), (base + side, base + side + tall),
                                   plaster((0.85, 0.80, 0.68)), front=books, top=pages))
            left = right + rng.uniform(0.0, 0.15)
    return boxes


def cabinet(rng: np.random.Generator, width: float) -> list[Box]:
    """A chest of drawers with a few things on it."""
    height, depth, half = rng.uniform(0.7, 0.95), 0.45, width / 2
    body = wood(_pick(rng, WOODS)) if rng.random() < 0.6 else plaster(_pick(rng, PAINTS), 0.1)
    drawers, board = panels(body, rng.integers(2, 4), 3, METAL), wood(_pick(rng, WOODS))
    boxes = [block((-half, half), (0, depth), (0.06, height), body, front=drawers),
             block((-half - 0.02, half + 0.02), (0, depth + 0.02), (height, height + 0.03), board),
             block((-half + 0.04, half - 0.04), (0.04, depth - 0.04), (0, 0.06), plaster((0.2, 0.18, 0.17)))]
    left = -half + 0.08
    while left < half - 0.3:
        wide, tall = rng.uniform(0.12, 0.3), rng.uniform(0.1, 0.32)
        front = 0.12 + rng.uniform(0.08, 0.2)
        paint = _pick(rng, [checks(_pick(rng, VIVID), PAPER, 0.04), stripes(_pick(rng, VIVID), PAPER, 0.05),
                            plaster(_pick(rng, VIVID), 0.15), writing(PAPER, _pick(rng, INKS), 0.035, 0.01)])
        boxes.append(block((left, left + wide), (0.12, front), (height + 0.03, height + 0.03 + tall), paint))
        left += wide + rng.uniform(0.06, 0.3)
    return boxes


def desk(rng: np.random.Generator, width: float) -> list[Box]:
    """A desk with a screen full of text, papers and a pile of books."""
    depth, height, half = 0.62, 0.74, width / 2
    top, frame = wood(_pick(rng, WOODS)), plaster((0.24, 0.25, 0.27), 0.1)
    drawers = panels(top, 1, 3, METAL)
    boxes = [block((-half, half), (0, depth), (height - 0.035, height), top),
             *_legs(half, (0, depth), height - 0.035, 0.05, frame),
             block((half - 0.47, half - 0.07), (0.06, 0.58), (0.1, height - 0.06), top, front=drawers)]
    at = rng.uniform(-0.2, 0.1) * width
    screen = writing((0.10, 0.12, 0.16), (0.75, 0.85, 0.8), 0.022, 0.02)
    keys = checks((0.2, 0.2, 0.22), (0.34, 0.34, 0.36), 0.03)
    boxes += [block((at - 0.3, at + 0.3), (0.14, 0.17), (height + 0.1, height + 0.46), frame, front=screen),
              block((at - 0.03, at + 0.03), (0.13, 0.16), (height, height + 0.12), frame),
              block((at - 0.12, at + 0.12), (0.08, 0.26), (height, height + 0.012), frame),
              block((at - 0.22, at + 0.22), (0.34, 0.47), (height, height + 0.02), keys)]
    level, pile = height, half - 0.25
    for _ in range(rng.integers(2, 5)):
        thick, shift = rng.uniform(0.02, 0.045), rng.uniform(-0.03, 0.03)
        cover = writing(_pick(rng, INKS), PAPER, 0.05, 0.03)
        boxes.append(block((pile - 0.1 + shift, pile + 0.1 + shift), (0.1, 0.36), (level, level + thick),
                           plaster(_pick(rng, VIVID)), top=cover))
        level += thick
    paper = writing(PAPER, _pick(rng, INKS), 0.02)
    return [*boxes, block((-half + 0.06, -half + 0.27), (0.22, 0.52), (height, height + 0.004), paper)]


def sofa(rng: np.random.Generator, width: float) -> list[Box]:
    """Seat, back, arms and two cushions."""
    colour, accent = _pick(rng, CLOTHS)
    cloth, half = fabric(colour, accent, rng.uniform(0.06, 0.14)), width / 2
    cushion = _pick(rng, [checks(_pick(rng, INKS), PAPER, 0.06), stripes(_pick(rng, INKS), PAPER, 0.05)])
    return [block((-half + 0.14, half - 0.14), (0.18, 0.66), (0.1, 0.42), cloth),
            block((-half + 0.14, half - 0.14), (0, 0.2), (0.1, 0.8), cloth),
            block((-half, -half + 0.15), (0, 0.66), (0.1, 0.58), cloth),
            block((half - 0.15, half), (0, 0.66), (0.1, 0.58), cloth),
            block((-half + 0.05, half - 0.05), (0.05, 0.6), (0, 0.1), plaster((0.16, 0.13, 0.11))),
            block((-half + 0.2, -half + 0.56), (0.2, 0.3), (0.42, 0.74), cushion),
            block((half - 0.58, half - 0.22), (0.2, 0.3), (0.42, 0.74), cushion)]


def wardrobe(rng: np.random.Generator, width: float) -> list[Box]:
    """A tall cupboard with two doors and boxes on top."""
    height, depth, half = rng.uniform(1.75, 1.95), 0.52, width / 2
    body = plaster(_pick(rng, PAINTS), 0.08) if rng.random() < 0.5 else wood(_pick(rng, WOODS))
    crate, tin = writing((0.72, 0.58, 0.42), (0.3, 0.22, 0.16), 0.06), checks(_pick(rng, INKS), PAPER, 0.05)
    return [block((-half, half), (0, depth), (0.05, height), body, front=panels(body, 2, 1, METAL)),
            block((-half + 0.03, half - 0.03), (0.03, depth - 0.03), (0, 0.05), plaster((0.18, 0.16, 0.15))),
            block((-half + 0.06, -half + 0.46), (0.08, 0.44), (height, height + 0.24), crate),
            block((half - 0.36, half - 0.05), (0.1, 0.42), (height, height + 0.15), tin)]


def table(rng: np.random.Generator) -> list[Box]:
    """The table in the middle, centred at y = 0, with boxes and papers on it; at most 1.1 m by 0.72 m."""
    height = rng.uniform(0.42, 0.52)
    top, frame = wood(_pick(rng, WOODS)), wood(_pick(rng, WOODS))
    paper = writing(PAPER, _pick(rng, INKS), 0.025)
    crate, tin = checks(_pick(rng, INKS), PAPER, 0.045), stripes(_pick(rng, INKS), PAPER, 0.036)
    return [block((-0.55, 0.55), (-0.36, 0.36), (height - 0.04, height), top),
            *_legs(0.55, (-0.36, 0.36), height - 0.04, 0.06, frame),
            block((-0.46, 0.46), (-0.28, 0.28), (0.13, 0.15), top),
            block((-0.40, -0.12), (-0.2, 0.08), (height, height + 0.18), crate),
            block((0.16, 0.34), (-0.12, 0.02), (height, height + 0.26), tin),
            block((0.05, 0.26), (0.06, 0.33), (height, height + 0.006), plaster(PAPER), top=paper),
            block((-0.3, 0.0), (-0.16, 0.16), (0.15, 0.27), spines(VIVID), top=plaster(_pick(rng, VIVID)))]


def picture(rng: np.random.Generator, width: float, height: float, middle: float) -> list[Box]:
    """A framed picture or a printed poster whose middle hangs `middle` metres above the floor."""
    frame = plaster(_pick(rng, [(0.15, 0.13, 0.12), (0.9, 0.88, 0.82), (0.62, 0.47, 0.24)]), 0.1)
    palette = [VIVID[i] for i in rng.permutation(len(VIVID))[:5]]
    poster = writing(PAPER, _pick(rng, INKS), height / rng.integers(5, 11), 0.06)
    shown = painting(palette) if rng.random() < 0.6 else poster
    half, low, high = width / 2, middle - height / 2, middle + height / 2
    return [block((-half, half), (0, 0.012), (low, high), frame, front=shown),
            block((-half - 0.03, half + 0.03), (0, 0.03), (high, high + 0.03), frame),
            block((-half - 0.03, half + 0.03), (0, 0.03), (low - 0.03, low), frame),
            block((-half - 0.03, -half), (0, 0.03), (low, high), frame),
            block((half, half + 0.03), (0, 0.03), (low, high), frame)]


def window_frame(width: float, low: float, high: float) -> list[Box]:
    """The frame and sill around the window in the wall."""
    paint, half = plaster((0.90, 0.90, 0.87), 0.04), width / 2
    return [block((-half - 0.07, -half), (0, 0.05), (low, high), paint),
            block((half, half + 0.07), (0, 0.05), (low, high), paint),
            block((-half - 0.07, half + 0.07), (0, 0.05), (high, high + 0.07), paint),
            block((-half - 0.12, half + 0.12), (0, 0.16), (low - 0.05, low), paint)]
