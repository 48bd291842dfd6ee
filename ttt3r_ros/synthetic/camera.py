# SPDX-License-Identifier: Apache-2.0
"""A camera that is not perfect: its field of view, exposure, noise, motion blur and rolling shutter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from .room import Room

if TYPE_CHECKING:
    from .batch import BatchRenderer

EXPOSURES = 3  # renders that make up one blurred image
BATCH = 32  # frames that a renderer is asked for at once
BANDS = 4  # of a rolling shutter's rows; each is read at one moment


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    `size` (h, w) in pixels; `fov` across, degrees; `shutter` the part of the frame interval that it is open (0:
    no blur); `swing` how far exposure wanders, in stops; `noise` the deviation of a mid-grey pixel, in levels of 255;
    `readout` the part of the frame interval that a rolling shutter takes from the first row to the last (0: global).
    """

    size: tuple[int, int]
    fov: float = 65.0
    shutter: float = 0.0
    swing: float = 0.0
    noise: float = 0.0
    readout: float = 0.0

    @classmethod
    def draw(cls, seed: int, size: tuple[int, int]) -> Camera:
        """Return the camera that a seed stands for: 55 to 80 degrees, one in four with visible blur."""
        rng = np.random.default_rng([seed, 2])
        return cls(size, rng.uniform(55, 80), rng.choice([0, 0, 0, 0.5]), rng.uniform(0, 0.6), rng.uniform(0, 4))

    @classmethod
    def draw_wide(cls, rng: np.random.Generator, size: tuple[int, int]) -> Camera:
        """Return any camera: 40 to 95 degrees, one in four with visible blur, one in four with a rolling shutter."""
        fault = rng.choice(4)
        return cls(size, rng.uniform(40, 95), 0.5 * (fault == 0), rng.uniform(0, 0.7), rng.uniform(0, 5),
                   rng.uniform(0.2, 0.9) * (fault == 1))

    @property
    def intrinsics(self) -> np.ndarray:
        """The matrix (3, 3), pixel centres at integers."""
        height, width = self.size
        focal = width / 2 / np.tan(np.radians(self.fov) / 2)
        return np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]])

    def film(self, room: Room, poses: np.ndarray, seed: int,
             renderer: BatchRenderer | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield image (h, w, 3) uint8 RGB and depth (h, w) float32 in metres for each of poses (n, 4, 4).

        renderer: draws many at once, of the same room; without it the room draws each when it is asked for. A rolling
        shutter is drawn by the room; its depth is as each row's own camera sees it. Raises ValueError for both.
        """
        if renderer and self.readout:
            raise ValueError('a rolling shutter is not drawn many at once: leave the renderer out')
        rng = np.random.default_rng([seed, 3])
        phase, cycles = rng.random(3), rng.uniform(0.005, 0.03, 3)  # cycles per frame
        batch = BATCH if renderer else 1
        for first in range(0, len(poses), batch):
            moments = [self._moments(poses, i) for i in range(first, min(first + batch, len(poses)))]
            drawn = (iter([self._rolled(room, poses, first)]) if self.readout
                     else self._draw(room, np.concatenate(moments), renderer))
            for i, count in enumerate(map(len, moments), first):
                image, depth = next(drawn)
                if count > 1:
                    image = sum((next(drawn)[0] for _ in range(count - 1)), image.astype(np.float32)) / count
                stops = self.swing * np.sin(2 * np.pi * (cycles * i + phase)).mean()
                yield self._exposed(rng, image, stops), depth

    def _rolled(self, room: Room, poses: np.ndarray, i: int) -> tuple[np.ndarray, np.ndarray]:
        """Return image and depth of pose i, band after band, its middle row at the pose's own moment."""
        bands = []
        for rows in np.array_split(np.arange(self.size[0]), BANDS):
            at = self.readout * ((rows.mean() + 0.5) / self.size[0] - 0.5)
            matrix = self.intrinsics
            matrix[1, 2] -= rows[0]
            bands.append(room.render(_between(poses, i, at), matrix, (len(rows), self.size[1])))
        return tuple(np.concatenate(parts) for parts in zip(*bands))

    def _moments(self, poses: np.ndarray, i: int) -> np.ndarray:
        """Return pose i and, with motion blur, the others of the shutter's opening round it, (1 or EXPOSURES, 4, 4)."""
        if not self.shutter or i + 1 == len(poses):
            return poses[i:i + 1]
        parts = self.shutter * np.linspace(-0.5, 0.5, EXPOSURES)
        return np.stack([poses[i], *(_between(poses, i, part) for part in parts if part)])

    def _draw(self, room: Room, poses: np.ndarray,
              renderer: BatchRenderer | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        if renderer is None:
            return (room.render(pose, self.intrinsics, self.size) for pose in poses)
        images, depths = renderer.render(poses, self.intrinsics, self.size)
        return zip(images.cpu().numpy(), depths.cpu().numpy(), strict=True)

    def _exposed(self, rng: np.random.Generator, image: np.ndarray, stops: float) -> np.ndarray:
        """Return the image with gain, shot noise (it grows with the root of the light) and clipping."""
        bright = image * np.float32(2 ** (stops / 2.2))  # images are display values
        if self.noise:
            grain = rng.standard_normal(image.shape, dtype=np.float32)
            bright += grain * self.noise * np.sqrt(bright * np.float32(1 / 128) + np.float32(0.1))
        return np.clip(bright + 0.5, 0, 255).astype(np.uint8)


def _between(poses: np.ndarray, i: int, part: float) -> np.ndarray:
    """Return pose i moved on by a part of the way to the next, or back by one; the last goes on as it came."""
    k = min(i, len(poses) - 2)
    pose, following = poses[k:k + 2]
    moved = poses[i].copy()
    moved[:3, 3] += part * (following[:3, 3] - pose[:3, 3])
    turn = Rotation.from_matrix(pose[:3, :3].T @ following[:3, :3]).as_rotvec()
    moved[:3, :3] = poses[i, :3, :3] @ Rotation.from_rotvec(part * turn).as_matrix()
    return moved
