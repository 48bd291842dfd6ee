# SPDX-License-Identifier: Apache-2.0
"""Light in the room: lamps that fall off softly, shadows, and ambient light that is weaker in corners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .furniture import Box
from .render import Quad

SPACING = 0.09  # metres between the points of a surface where light is computed
SOFTNESS = 0.35  # square metres added to the squared distance: a lamp is not a point


@dataclass(frozen=True)
class Lamp:
    """A small light of `colour` (3,) at `place` (3,), metres; given `facing` (3,), to that side only."""

    place: np.ndarray
    colour: np.ndarray
    facing: np.ndarray | None = None


class Boxes:
    """The boxes as arrays, for distances and shadows."""

    def __init__(self, boxes: list[Box]):
        self.half = np.array([b.half for b in boxes])
        self.centre = np.array([b.centre for b in boxes])
        self.rotation = np.array([b.rotation for b in boxes])
        self.shades = np.array([b.glow == 0 for b in boxes])

    def distance(self, points: np.ndarray, k: int) -> np.ndarray:
        """Return the signed distance (n,) of points (n, 3) from box k, negative inside."""
        x, y, z = np.abs(self.rotation[k].T @ (points - self.centre[k]).T) - self.half[k][:, None]
        within = np.minimum(np.maximum(np.maximum(x, y), z), 0)
        for part in (x, y, z):
            np.maximum(part, 0, out=part)
        return np.sqrt(x * x + y * y + z * z) + within

    def shadow(self, points: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Return whether (n,) a box stands between points (n, 3) and a place (3,)."""
        dark = np.zeros(len(points), bool)
        points, place = points.T.astype(np.float32), place.astype(np.float32)[:, None]
        for k in np.flatnonzero(self.shades):
            turn = self.rotation[k].T.astype(np.float32)
            start = turn @ (points - self.centre[k].astype(np.float32)[:, None])
            step = turn @ (place - points)
            step[np.abs(step) < 1e-6] = 1e-6
            half = self.half[k].astype(np.float32)[:, None]
            reach, middle = np.abs(half / step), -start / step
            enter, leave = middle - reach, middle + reach
            enter = np.maximum(np.maximum(enter[0], enter[1]), enter[2])
            leave = np.minimum(np.minimum(leave[0], leave[1]), leave[2])
            dark |= (enter < leave) & (leave > 0) & (enter < 1)
        return dark


def light_maps(quads: list[Quad], owners: list[int], boxes: Boxes, size: np.ndarray, lamps: list[Lamp],
               ambient: np.ndarray, spacing: float = SPACING) -> list[np.ndarray]:
    """Return for every quad the light (rows, columns, 3) that falls on an even grid of its points, `spacing` m apart.

    `owners[i]` is the box of quad i, -1 for the room's own surfaces; `size` (3,) is the room's.
    """
    grids, points, normals, own = [], [], [], []
    for quad, owner in zip(quads, owners):
        columns, rows = (max(2, int(np.ceil(extent / spacing)) + 1) for extent in (quad.width, quad.height))
        inset = min(0.02, quad.width / 4, quad.height / 4)
        x, y = np.meshgrid(np.linspace(inset, quad.width - inset, columns),
                           np.linspace(inset, quad.height - inset, rows))
        grids.append((rows, columns))
        points.append((quad.at(x, y) + 0.004 * quad.normal).reshape(-1, 3))
        normals.append(np.broadcast_to(quad.normal, (x.size, 3)))
        own.append(np.full(x.size, owner))
    everywhere, normal, owner = np.concatenate(points), np.concatenate(normals), np.concatenate(own)
    light = ambient * _openness(everywhere, normal, owner, boxes, size)[:, None]
    for lamp in lamps:
        towards = lamp.place - everywhere
        square = (towards ** 2).sum(1)
        reach = np.sqrt(square)
        cosine = np.maximum((normal * towards).sum(1) / reach, 0)
        if lamp.facing is not None:
            cosine *= np.maximum(-(towards @ lamp.facing) / reach, 0)
        lit = np.flatnonzero(cosine > 0)
        strength = np.zeros(len(everywhere))
        dark = boxes.shadow(everywhere[lit], lamp.place)
        strength[lit] = np.where(dark, 0, cosine[lit] / (square[lit] + SOFTNESS))
        light += strength[:, None] * lamp.colour
    ends = np.cumsum([rows * columns for rows, columns in grids])[:-1]
    return [part.reshape(*grid, 3) for part, grid in zip(np.split(light, ends), grids)]


def _openness(points: np.ndarray, normal: np.ndarray, owner: np.ndarray, boxes: Boxes,
              size: np.ndarray) -> np.ndarray:
    """Return (n,) how much of the room's ambient light reaches each point: less near other surfaces."""
    half = np.array([size[0] / 2, size[1] / 2, size[2]])
    open_ = np.ones(len(points))
    for axis, low in ((0, -half[0]), (1, -half[1]), (2, 0.0)):
        for gap, side in ((points[:, axis] - low, 1), (half[axis] - points[:, axis], -1)):
            beside = normal[:, axis] * side < 0.9  # a surface does not darken itself
            open_ *= 1 - 0.38 * np.exp(-gap / 0.28) * beside
    for k in range(len(boxes.half)):
        other = owner != k
        gap = np.maximum(boxes.distance(points, k), 0)
        weight = 0.5 * min(1.0, 4 * np.sort(boxes.half[k])[1])  # thin things take little light away
        open_ *= 1 - weight * np.exp(-gap / 0.14) * other
    return open_


def spread(light: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the light (rows, columns, 3) interpolated to (height, width, 3), float32."""
    light = light.astype(np.float32)

    def between(count: int, length: int) -> tuple[np.ndarray, np.ndarray]:
        position = (np.arange(length, dtype=np.float32) + 0.5) / length * (count - 1)
        cell = np.minimum(position.astype(np.intp), count - 2)
        return cell, position - cell

    row, down = between(light.shape[0], height)
    column, across = between(light.shape[1], width)
    wide = light[:, column] * (1 - across[:, None]) + light[:, column + 1] * across[:, None]
    return wide[row] * (1 - down[:, None, None]) + wide[row + 1] * down[:, None, None]
