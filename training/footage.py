# SPDX-License-Identifier: Apache-2.0
"""Training footage: one file a world, rendered once."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ttt3r_ros.synthetic import World

SIZE = (96, 128)
FRAMES = 192  # of each world
DENSITY = 60.0  # texels per metre: enough for this image size, and quicker to paint
# Seeds from here on are for training; evaluation and tests keep below.
FIRST_SEED = 1_000_000
FRAME = np.dtype([('rgb', np.uint8, (*SIZE, 3)), ('depth', np.float16, SIZE), ('pose', np.float32, (4, 4)),
                  ('intrinsics', np.float32, (3, 3))])


def render_world(seed: int, device: str) -> np.ndarray:
    """Return the FRAMES frames of a world as an array of FRAME, drawn on a device."""
    world = World(seed, FRAMES, SIZE, DENSITY)
    footage = np.zeros(FRAMES, FRAME)
    footage['pose'], footage['intrinsics'] = world.poses, world.intrinsics
    for frame, (rgb, depth) in zip(footage, world.film(None if device == 'cpu' else device), strict=True):
        frame['rgb'], frame['depth'] = rgb, depth
    return footage


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
