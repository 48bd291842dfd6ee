# SPDX-License-Identifier: Apache-2.0
"""Training footage: one file a world, rendered once."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image

from ttt3r_ros.synthetic import World

SIZE = (48, 64)
SHRINK = 2  # rendered larger by this, and resized as the reconstructor resizes
FRAMES = 96  # of each world: many rooms teach more than long ways through few
WAY = 480  # frames that the whole way would have; the beginning is filmed
DENSITY = 60.0  # texels per metre: enough for this image size, and quicker to paint
# Seeds from here on are for training; evaluation and tests keep below.
FIRST_SEED = 1_000_000
FRAME = np.dtype([('rgb', np.uint8, (*SIZE, 3)), ('depth', np.float16, SIZE), ('pose', np.float32, (4, 4)),
                  ('intrinsics', np.float32, (3, 3))])


def render_world(seed: int, device: str, frames: int = FRAMES, density: float = DENSITY) -> np.ndarray:
    """Return the first frames of a world as an array of FRAME, drawn on a device."""
    world = World(seed, max(frames, WAY), (SHRINK * SIZE[0], SHRINK * SIZE[1]), density)
    footage = np.zeros(frames, FRAME)
    footage['pose'], footage['intrinsics'] = world.poses[:frames], _shrunk(world.intrinsics)
    film = world.film(None if device == 'cpu' else device)
    for frame, (rgb, depth) in zip(footage, film, strict=False):
        frame['rgb'] = Image.fromarray(rgb).resize(SIZE[::-1], Image.Resampling.LANCZOS)
        frame['depth'] = depth.reshape(SIZE[0], SHRINK, SIZE[1], SHRINK).mean(axis=(1, 3))
    return footage


def _shrunk(intrinsics: np.ndarray) -> np.ndarray:
    """Return the matrix of the smaller image; pixel centres are at integers in both."""
    smaller = intrinsics.copy()
    smaller[:2] /= SHRINK
    smaller[:2, 2] -= (1 - 1 / SHRINK) / 2
    return smaller


def render_worlds(folder: Path, count: int, first: int = 0, stride: int = 1, device: str = 'cpu') -> None:
    """Render worlds first, first + stride, … below count into folder, those that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(first, count, stride):
        target = folder / f'{FIRST_SEED + k}.npy'
        if not target.exists():
            part = target.with_suffix('.part')
            with part.open('wb') as file:
                np.save(file, render_world(FIRST_SEED + k, device))
            os.replace(part, target)
