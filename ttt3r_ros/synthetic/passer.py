# SPDX-License-Identifier: Apache-2.0
"""Somebody who walks through the picture: not part of the world that a camera maps."""

from __future__ import annotations

import numpy as np

from . import furniture, textures
from .photographs import Album
from .render import Quad, Scene

HEIGHT = (1.5, 1.9)  # metres
PACE = (0.0, 0.12)  # metres between frames
AHEAD = (0.8, 3.0)  # metres before the camera, half way through the film
HULL = 100.0  # metres: a background that is farther than any room


class Passer:
    """A person-sized thing that goes straight on across the floor, past the camera's view in mid-film."""

    def __init__(self, rng: np.random.Generator, poses: np.ndarray, density: float, album: Album | None = None,
                 places: np.ndarray | None = None) -> None:
        """Take the camera's poses (frames, 4, 4) camera-to-world, and the paint's density in texels per metre.

        places (frames, 2): where it is, x and y in the world, instead of a way of its own through the picture.
        """
        middle = poses[len(poses) // 2]
        course = rng.uniform(0, 2 * np.pi)
        meeting = middle[:3, 3] + rng.uniform(*AHEAD) * middle[:3, 2]
        step = rng.uniform(*PACE) * np.array([np.cos(course), np.sin(course), 0])
        feet = meeting + (np.arange(len(poses)) - len(poses) // 2)[:, None] * step
        self._feet = np.column_stack((feet[:, :2] if places is None else places, np.zeros(len(poses))))
        self._turn = np.array([[np.cos(course), -np.sin(course), 0], [np.sin(course), np.cos(course), 0], [0, 0, 1]])
        self._scene = _figure(rng, density, album)

    def enter(self, image: np.ndarray, depth: np.ndarray, pose: np.ndarray, intrinsics: np.ndarray,
              frame: int) -> np.ndarray:
        """Draw it into a frame's image (h, w, 3) uint8 and depth (h, w), in place; return where (h, w) it is seen."""
        at = np.eye(4)
        at[:3, :3], at[:3, 3] = self._turn, self._feet[frame]
        seen_image, seen_depth = self._scene.render(np.linalg.inv(at) @ pose, intrinsics, depth.shape)
        seen = seen_depth < depth
        image[seen], depth[seen] = seen_image[seen], seen_depth[seen]
        return seen


def _figure(rng: np.random.Generator, density: float, album: Album | None) -> Scene:
    """Return legs, body and head, the feet at the origin, inside a hull."""
    tall = rng.uniform(*HEIGHT)

    def clothes() -> textures.Painter:
        if album is not None and rng.random() < 0.5:
            return album.painter(rng)
        return textures.plaster(tuple(rng.uniform(0.05, 0.95, 3)), 0.1)

    skin = textures.plaster(tuple(rng.uniform(0.3, 0.9) * np.array([1.0, 0.8, 0.68])), 0.1)
    boxes = [furniture.block((-0.11, 0.11), (-0.17, 0.17), (0.0, 0.47 * tall), clothes()),
             furniture.block((-0.13, 0.13), (-0.24, 0.24), (0.47 * tall, 0.85 * tall), clothes()),
             furniture.block((-0.1, 0.1), (-0.08, 0.08), (0.87 * tall, tall), skin)]
    boxes = [furniture.Box(b.half, b.centre, b.paint, rotation=np.eye(3)) for b in boxes]
    quads, paints = _hull(), [np.zeros((1, 1, 3), np.float32)] * 6
    bright = rng.uniform(0.4, 1)
    for box in boxes:
        for quad, painter in box.faces():
            size = (max(1, round(v * density)) for v in (quad.width, quad.height))
            quads.append(quad)
            paints.append(painter(rng, *textures.grid(*size, density)) * np.float32(bright * rng.uniform(0.7, 1)))
    return Scene(quads, paints, 6)


def _hull() -> list[Quad]:
    """Return the six faces of a cube round everything, seen from inside."""
    faces = []
    for axis in range(3):
        for side in (-1, 1):
            outward, down = np.zeros(3), np.zeros(3)
            outward[axis], down[(axis + 1) % 3] = side, 1
            right = np.cross(down, outward)
            faces.append(Quad(HULL * (outward - right - down), right, down, 2 * HULL, 2 * HULL))
    return faces
