# SPDX-License-Identifier: Apache-2.0
"""Training footage: one file a film, rendered once: a narrow world's, a robot's, or one of several in a wide world."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from training.photographs import album
from ttt3r_ros.synthetic import Camera, Room, World, drive
from ttt3r_ros.synthetic.mishap import blackout
from ttt3r_ros.synthetic.passer import Passer
from ttt3r_ros.synthetic.walk import lap_length
from ttt3r_ros.synthetic.wide_world import WideWorld

SIZE = (48, 64)  # of the embedded weights' images
FRAMES = 384  # of a narrow world: more than a lap, mostly two
ROBOT_FRAMES = 192
WAY = 480  # frames that the whole way would have; the beginning is filmed
# A robot that is slow for its camera: metres between frames, and its camera's yaw, height and pitch.
CRAWL, YAW, HEIGHT, PITCH = (0.01, 0.05), (-15, 15), (0.15, 1.0), (-15, 5)
TAKES, TAKE = 6, 64  # films of a wide world, and frames of each: baking its light is most of its time
PASSERS, DARK = 0.2, 0.04  # of the takes: somebody walks through the picture; the light is off for a while
DARKNESS = (1, 6)  # frames
SEES_NOTHING = 0.35  # metres; a take whose median depth is less stands before a surface
DENSITY, FINER = 60.0, 100.0  # texels per metre: enough for images of SIZE, and quicker to paint; for larger ones
# Seeds from here on are for training; evaluation and tests keep below.
FIRST_SEED = 1_000_000
FIRST_ROBOT_SEED = 1_500_000
FIRST_WIDE_SEED = 2_000_000


def shrinking(size: tuple[int, int]) -> int:
    """Return how much larger pictures of a size (h, w) are rendered, to be resized as the reconstructor resizes.

    Larger ones are not: it would take four times as long, and each pixel is the mean of four samples anyway.
    """
    return 2 if max(size) <= max(SIZE) else 1


def frame_type(size: tuple[int, int]) -> np.dtype:
    """Return the form of a frame of footage, for images of a size (h, w); depth is 0 where there is no truth."""
    return np.dtype([('rgb', np.uint8, (*size, 3)), ('depth', np.float16, size), ('pose', np.float32, (4, 4)),
                     ('intrinsics', np.float32, (3, 3))])


def render_world(seed: int, frames: int = FRAMES, density: float | None = None,
                 size: tuple[int, int] = SIZE) -> np.ndarray:
    """Return the first frames of a narrow world (frame_type), images of a size (h, w)."""
    world = World(seed, max(frames, WAY), _rendered(size), density or _enough(size))
    return _footage(world.poses[:frames], world.intrinsics, world.film(), size)


def render_robot(seed: int, frames: int = ROBOT_FRAMES, density: float | None = None,
                 size: tuple[int, int] = SIZE) -> np.ndarray:
    """Return a part of a slow robot's way round a furnished room (frame_type), images of a size (h, w)."""
    rng, density = np.random.default_rng([seed, 13]), density or _enough(size)
    room, camera = Room(seed, density), Camera.draw(seed, _rendered(size))
    lap = max(frames, round(lap_length(room) / rng.uniform(*CRAWL)))
    mount = np.radians(rng.uniform(*YAW)), rng.uniform(*HEIGHT), np.radians(rng.uniform(*PITCH))
    poses = np.roll(drive(room, lap, seed, mount=mount), -int(rng.integers(lap)), axis=0)[:frames]
    film = camera.film(room, poses, seed)
    if rng.random() < PASSERS:
        film = _passed(film, Passer(rng, poses, density), poses, camera.intrinsics)
    return _footage(poses, camera.intrinsics, film, size)


def render_takes(seed: int, photographs: Path, takes: int = TAKES, frames: int = TAKE,
                 density: float | None = None, size: tuple[int, int] = SIZE) -> Iterator[np.ndarray]:
    """Yield films of a wide world, arrays of frame_type; fewer than asked for where some would see nothing."""
    pictures, density = album(photographs), density or _enough(size)
    world = WideWorld(seed, frames, _rendered(size), density, pictures)
    for number in range(takes):
        if number:
            world.take(number, frames)
        rng = np.random.default_rng([seed, 12, number])
        film = world.film()
        if rng.random() < PASSERS:
            film = _passed(film, Passer(rng, world.poses, density, pictures), world.poses, world.intrinsics)
        footage = _footage(world.poses, world.intrinsics, film, size)
        if rng.random() < DARK:
            start, count = rng.integers(1, frames - DARKNESS[1]), rng.integers(*DARKNESS, endpoint=True)
            footage['rgb'] = blackout(footage['rgb'], start, count, rng)
            footage['depth'][start:start + count] = 0
        if np.median(footage['depth']) > SEES_NOTHING:
            yield footage


def _passed(film: Iterator, passer: Passer, poses: np.ndarray,
            intrinsics: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the film with somebody in it, and no depth there."""
    for k, (rgb, depth) in enumerate(film):
        depth[passer.enter(rgb, depth, poses[k], intrinsics, k)] = 0
        yield rgb, depth


def _enough(size: tuple[int, int]) -> float:
    return DENSITY if max(size) <= max(SIZE) else FINER


def _rendered(size: tuple[int, int]) -> tuple[int, int]:
    return size[0] * shrinking(size), size[1] * shrinking(size)


def _footage(poses: np.ndarray, intrinsics: np.ndarray, film: Iterator, size: tuple[int, int]) -> np.ndarray:
    (height, width), shrink = size, shrinking(size)
    footage = np.zeros(len(poses), frame_type(size))
    footage['pose'], footage['intrinsics'] = poses, _shrunk(intrinsics, shrink)
    for k, (rgb, depth) in zip(range(len(poses)), film, strict=False):
        footage['rgb'][k] = Image.fromarray(rgb).resize((width, height), Image.Resampling.LANCZOS)
        parts = depth.reshape(height, shrink, width, shrink)
        footage['depth'][k] = parts.mean(axis=(1, 3)) * (parts > 0).all(axis=(1, 3))
    return footage


def _shrunk(intrinsics: np.ndarray, shrink: int) -> np.ndarray:
    """Return the matrix of the smaller image; pixel centres are at integers in both."""
    smaller = intrinsics.copy()
    smaller[:2] /= shrink
    smaller[:2, 2] -= (1 - 1 / shrink) / 2
    return smaller


def render_all(folder: Path, photographs: Path, worlds: int, robots: int, wide_worlds: int, first: int = 0,
               stride: int = 1, size: tuple[int, int] = SIZE) -> None:
    """Render the first, first + stride, … of each kind into folder, those that are not there yet.

    Evenly mixed, as training begins long before all is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kinds = ((wide_worlds, FIRST_WIDE_SEED, lambda seed: render_wide(folder, photographs, seed, size)),
             (worlds, FIRST_SEED, lambda seed: _render_missing(folder, seed, render_world, size)),
             (robots, FIRST_ROBOT_SEED, lambda seed: _render_missing(folder, seed, render_robot, size)))
    turns = sorted(((k + 0.5) / count, kind, k) for kind, (count, *_) in enumerate(kinds)
                   for k in range(first, count, stride))
    for _, kind, k in turns:
        _, seed, render = kinds[kind]
        render(seed + k)


def render_wide(folder: Path, photographs: Path, seed: int, size: tuple[int, int] = SIZE) -> None:
    """Render a wide world into folder, unless its last film is there."""
    done = folder / f'{seed}.done'
    if not done.exists():
        for number, footage in enumerate(render_takes(seed, photographs, size=size)):
            _write(folder / f'{seed}_{number}.npy', footage)
        done.touch()


def _render_missing(folder: Path, seed: int, render: Callable[..., np.ndarray], size: tuple[int, int]) -> None:
    target = folder / f'{seed}.npy'
    if not target.exists():
        _write(target, render(seed, size=size))


def _write(target: Path, footage: np.ndarray) -> None:
    part = target.with_suffix('.part')
    with part.open('wb') as file:
        np.save(file, footage)
    os.replace(part, target)
