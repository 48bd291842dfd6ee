# SPDX-License-Identifier: Apache-2.0
"""What surfaces look like: procedural patterns in metres, no assets.

A painter is a function `(rng, x, y) -> colours`: x (1, w) and y (h, 1) are float32 metres from the surface's
top left corner, the result is (h, w, 3) float32 in [0, 1], display (sRGB-like) values as seen in white light.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Painter = Callable[[np.random.Generator, np.ndarray, np.ndarray], np.ndarray]
Colour = tuple[float, float, float]

GLYPHS = 40
GLYPH_ROWS, GLYPH_COLUMNS = 7, 5


def noise(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, scale_x: float,
          scale_y: float | None = None) -> np.ndarray:
    """Return smooth value noise in [0, 1], (h, w), whose bumps are `scale_x` by `scale_y` metres wide."""
    def weights(along: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
        position = (along.ravel() - along.min()) / scale
        cell = position.astype(np.intp)
        part = (position - cell).astype(np.float32)
        return cell, part * part * (3 - 2 * part)

    column, across = weights(x, scale_x)
    row, down = weights(y, scale_y or scale_x)
    lattice = rng.random((row.max() + 2, column.max() + 2), dtype=np.float32)
    wide = lattice[:, column] * (1 - across) + lattice[:, column + 1] * across
    return wide[row] * (1 - down[:, None]) + wide[row + 1] * down[:, None]


def grain(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, scale: float = 0.4,
          depth: int = 5) -> np.ndarray:
    """Return fractal noise in about [-1, 1], (h, w): `depth` octaves from `scale` metres down."""
    octaves = [noise(rng, x, y, scale / 2 ** i) * 0.65 ** i for i in range(depth)]
    total = sum(0.65 ** i for i in range(depth))
    return (sum(octaves) / total - 0.5) * 3


def blend(first: Colour | np.ndarray, second: Colour | np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return (h, w, 3) colours from `first` where share (h, w) is 0 to `second` where it is 1."""
    first, second = np.asarray(first, np.float32), np.asarray(second, np.float32)
    return first + (second - first) * share[..., None].astype(np.float32)


def edge(distance: np.ndarray, width: float = 0.004) -> np.ndarray:
    """Return a step 0 → 1 over `width` metres around distance 0: no pattern is harder than a texel."""
    return np.clip(distance / width + 0.5, 0, 1)


def line(along: np.ndarray, period: float, width: float) -> np.ndarray:
    """Return 1 on lines of `width` metres at every multiple of `period`, 0 between."""
    off = np.abs(along / period - np.round(along / period)) * period
    return edge(width / 2 - off)


def plaster(colour: Colour, roughness: float = 0.06) -> Painter:
    """A painted wall: nearly plain, with the mottling that any wall has."""
    def paint(rng, x, y):
        return np.asarray(colour, np.float32) * (1 + roughness * grain(rng, x, y, 0.7, 7))[..., None]
    return paint


def stripes(first: Colour, second: Colour, period: float) -> Painter:
    """Wallpaper: upright stripes with a thin line in the middle of every second one."""
    def paint(rng, x, y):
        wave = np.abs((x / period) % 2 - 1)
        share = edge(wave - 0.5, 0.006 / period)
        pin = line(x - period, 2 * period, 0.012)
        base = blend(first, second, np.broadcast_to(share - 0.6 * pin * share, (y.size, x.size)))
        return base * (1 + 0.05 * grain(rng, x, y, 0.3, 5))[..., None]
    return paint


def checks(first: Colour, second: Colour, period: float) -> Painter:
    """A chequerboard of squares `period` metres wide."""
    def paint(rng, x, y):
        odd = (np.floor(x / period) + np.floor(y / period)) % 2
        return blend(first, second, odd) * (1 + 0.08 * grain(rng, x, y, 0.2, 5))[..., None]
    return paint


def mottled(first: Colour, second: Colour, scale: float) -> Painter:
    """Blotches of two colours, `scale` metres wide: stone, concrete, patterned paper."""
    def paint(rng, x, y):
        share = np.clip(0.5 + 0.9 * grain(rng, x, y, scale, 4), 0, 1)
        return blend(first, second, share)
    return paint


def bricks(colour: Colour, mortar: Colour, length: float = 0.24, height: float = 0.08) -> Painter:
    """A brick wall: every brick of its own shade."""
    def paint(rng, x, y):
        row = np.floor(y / height).astype(np.intp)
        shifted = x + (row % 2) * length / 2
        column = np.floor(shifted / length).astype(np.intp)
        shade = rng.normal(1, 0.13, (row.max() + 1, column.max() + 1)).astype(np.float32)[row, column]
        joint = np.maximum(line(shifted, length, 0.014), line(y, height, 0.014))
        rough = 1 + 0.14 * grain(rng, x, y, 0.06, 3)
        return blend(np.asarray(colour, np.float32) * (shade * rough)[..., None], mortar, joint)
    return paint


def planks(colour: Colour, width: float = 0.16, length: float = 1.3) -> Painter:
    """Floor boards along x: each its own tint, grain along its length, dark joints."""
    def paint(rng, x, y):
        row = np.floor(y / width).astype(np.intp)
        start = rng.random(row.max() + 1, dtype=np.float32)[row] * length
        column = np.floor((x + start) / length).astype(np.intp)
        board = rng.normal(1, 0.12, (row.max() + 1, column.max() + 1)).astype(np.float32)[row, column]
        fibre = noise(rng, x, y, 0.35, 0.012) * 0.6 + noise(rng, x, y, 0.9, 0.035) * 0.4 - 0.5
        joint = np.maximum(line(y, width, 0.007), line(x + start, length, 0.007))
        shade = board * (1 + 0.34 * fibre) * (1 - 0.55 * joint)
        return np.asarray(colour, np.float32) * shade[..., None]
    return paint


def wood(colour: Colour) -> Painter:
    """Furniture wood: streaks and rings along x."""
    def paint(rng, x, y):
        bend = noise(rng, x, y, 0.5, 0.1)
        rings = np.sin((y / 0.02 + 7 * bend) * 2) * 0.5
        fibre = noise(rng, x, y, 0.2, 0.008) - 0.5
        return np.asarray(colour, np.float32) * (1 + 0.1 * rings + 0.22 * fibre)[..., None]
    return paint


def fabric(colour: Colour, accent: Colour, period: float = 0.09) -> Painter:
    """Woven cloth: fine weave with coloured bands both ways."""
    def paint(rng, x, y):
        weave = (np.sin(x * 2 * np.pi / 0.016) * np.sin(y * 2 * np.pi / 0.016)) * 0.06
        bands = 0.5 * line(x, period, period * 0.3) + 0.5 * line(y, period, period * 0.3)
        base = blend(colour, accent, bands * 0.8)
        return base * (1 + weave + 0.1 * grain(rng, x, y, 0.15, 4))[..., None]
    return paint


def rug(colours: list[Colour], width: float, height: float) -> Painter:
    """A carpet with a border, diamonds and tufts; `width` by `height` metres."""
    def paint(rng, x, y):
        inset = np.minimum(np.minimum(x, width - x), np.minimum(y, height - y))
        diamond = np.abs((x / 0.32) % 2 - 1) + np.abs((y / 0.32) % 2 - 1)
        out = blend(colours[0], colours[1], edge(diamond - 1, 0.03))
        out = blend(out, colours[2], edge(0.18 - np.abs(diamond - 1), 0.03) * 0.8)
        out = blend(out, colours[1], edge(0.16 - inset))
        out = blend(out, colours[2], edge(0.025 - np.abs(inset - 0.08)))
        return out * (1 + 0.3 * (noise(rng, x, y, 0.012) - 0.5) + 0.1 * grain(rng, x, y, 0.5, 3))[..., None]
    return paint


def writing(paper: Colour, ink: Colour, height: float, margin: float = 0.03) -> Painter:
    """A printed page: lines of marks that look like letters and words, `height` metres from line to line."""
    def paint(rng, x, y):
        alphabet = rng.random((GLYPHS, GLYPH_ROWS, GLYPH_COLUMNS)) < 0.5
        alphabet[:, -2:], alphabet[:, :, -1] = False, False
        alphabet[: GLYPHS // 5] = False
        pitch = height * 0.62
        row, column = np.floor(y / height).astype(np.intp), np.floor(x / pitch).astype(np.intp)
        text = rng.integers(0, GLYPHS, (row.max() + 1, column.max() + 1))
        text[rng.random(row.max() + 1) < 0.15] = 0
        inner_row = ((y / height) % 1 * GLYPH_ROWS).astype(np.intp)
        inner_column = ((x / pitch) % 1 * GLYPH_COLUMNS).astype(np.intp)
        marks = alphabet[text[row, column], inner_row, inner_column].astype(np.float32)
        inset = np.minimum(np.minimum(x, x.max() - x), np.minimum(y, y.max() - y))
        page = blend(paper, ink, marks * edge(inset - margin))
        return page * (1 + 0.03 * grain(rng, x, y, 0.3, 3))[..., None]
    return paint


def painting(palette: list[Colour]) -> Painter:
    """A picture: a graded ground with overlapping discs and bars of the palette's colours."""
    def paint(rng, x, y):
        width, height = float(x.max()), float(y.max())
        out = blend(palette[0], palette[1], np.broadcast_to(y / height, (y.size, x.size)))
        for _ in range(12):
            colour = palette[rng.integers(len(palette))]
            cx, cy = rng.random() * width, rng.random() * height
            size = rng.uniform(0.07, 0.3) * min(width, height)
            if rng.random() < 0.6:
                shape = edge(size - np.hypot(x - cx, y - cy))
            else:
                turn = rng.uniform(0, np.pi)
                along = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
                across = (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)
                shape = edge(size * 1.6 - np.abs(along)) * edge(size * 0.25 - np.abs(across))
            out = blend(out, colour, shape * 0.9)
        return out * (1 + 0.08 * grain(rng, x, y, 0.05, 3))[..., None]
    return paint


def spines(palette: list[Colour]) -> Painter:
    """Books side by side: each with its colour, bands and a mark for the title."""
    def paint(rng, x, y):
        edges = np.cumsum(rng.uniform(0.02, 0.055, int(float(x.max()) / 0.02) + 2))
        book = np.searchsorted(edges, x.ravel())
        colours = np.asarray(palette, np.float32)[rng.integers(0, len(palette), edges.size)]
        colours = colours * rng.uniform(0.7, 1.15, (edges.size, 1)).astype(np.float32)
        out = np.broadcast_to(colours[book][None], (y.size, x.size, 3))
        height = float(y.max()) + 1e-6
        at, tall = rng.uniform(0.12, 0.3, edges.size)[book], rng.uniform(0.1, 0.4, edges.size)[book]
        label = ((y / height > at) & (y / height < at + tall)) & (rng.random(edges.size) < 0.7)[book]
        letters = noise(rng, x, y, 0.012) > 0.5
        out = blend(out, (0.93, 0.88, 0.72), label * (0.35 + 0.6 * letters))
        gap = np.abs(x.ravel()[:, None] - edges[None]).min(1) if edges.size else np.ones(x.size)
        return out * (1 - 0.6 * edge(0.003 - gap))[None, :, None]
    return paint


def panels(base: Painter, columns: int, rows: int, handle: Colour) -> Painter:
    """Doors or drawers in `columns` by `rows`, with gaps and a handle each, over `base`."""
    def paint(rng, x, y):
        out = base(rng, x, y)
        wide, tall = float(x.max()) / columns, float(y.max()) / rows
        px, py = x % wide, y % tall
        inset = np.minimum(np.minimum(px, wide - px), np.minimum(py, tall - py))
        out = out * (1 - 0.65 * edge(0.008 - inset) - 0.2 * edge(0.006 - np.abs(inset - 0.05)))[..., None]
        bar = edge(0.09 - np.abs(px - wide / 2)) * edge(0.012 - np.abs(py - min(0.09, tall / 2)))
        return blend(out, handle, bar)
    return paint


def view(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Paint what the window shows: sky, clouds, hills, trees, and the window's own bars."""
    width, height = float(x.max()), float(y.max())
    out = blend((0.55, 0.76, 1.0), (0.93, 0.97, 1.0), np.broadcast_to((y / height) ** 0.8, (y.size, x.size)))
    out = blend(out, (1, 1, 1), np.clip(noise(rng, x, y, 0.35, 0.12) * 2.6 - 1.4, 0, 1))
    for depth, colour in ((0.55, (0.58, 0.70, 0.78)), (0.68, (0.44, 0.62, 0.42)), (0.82, (0.28, 0.46, 0.24))):
        ridge = height * depth + (noise(rng, x, y[:1], 0.3) - 0.5) * 0.3 * height * (1.1 - depth)
        shade = 1 + 0.35 * (noise(rng, x, y, 0.03) - 0.5)
        out = blend(out, np.asarray(colour, np.float32) * shade[..., None], edge(y - ridge, 0.015))
    middle = np.minimum(np.abs(x - width / 2), np.abs(y - height * 0.4))
    return blend(out, (0.9, 0.9, 0.88), edge(0.02 - middle))


def paste(canvas: np.ndarray, rng: np.random.Generator, painter: Painter, corner: tuple[float, float],
          size: tuple[float, float], density: float) -> tuple[slice, slice]:
    """Paint over a part of `canvas` (h, w, 3), return its rows and columns; `corner` and `size` in metres."""
    left, top = (round(v * density) for v in corner)
    w, h = (max(2, round(v * density)) for v in size)
    rows, columns = slice(max(top, 0), top + h), slice(max(left, 0), left + w)
    height, width = canvas[rows, columns].shape[:2]
    canvas[rows, columns] = painter(rng, *grid(width, height, density))
    return rows, columns


def grid(width: int, height: int, density: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the texel centres x (1, width) and y (height, 1) in metres, float32."""
    return (((np.arange(width, dtype=np.float32) + 0.5) / density)[None],
            ((np.arange(height, dtype=np.float32) + 0.5) / density)[:, None])
