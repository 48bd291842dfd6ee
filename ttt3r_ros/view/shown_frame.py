# SPDX-License-Identifier: Apache-2.0
"""A frame as it is shown: a thinned cloud in the world, the camera, its picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ttt3r_ros.reconstruction.depth import back_project, valid


@dataclass(frozen=True)
class Cloud:
    """Points (n, 3) float32 in the world, metres, their colours (n, 3) uint8 and confidence (n,) float32."""

    points: np.ndarray
    colours: np.ndarray
    confidence: np.ndarray

    def thinned(self, most: int, seed: int = 0) -> Cloud:
        """Return at most so many of the points, drawn evenly; the same ones every time."""
        if len(self.points) <= most:
            return self
        drawn = np.random.default_rng(seed).permutation(len(self.points))[:most]
        return Cloud(self.points[drawn], self.colours[drawn], self.confidence[drawn])

    def without(self, share: float) -> Cloud:
        """Return the points without the share, 0 to 1, of which the network was least sure."""
        if not len(self.points) or share <= 0:
            return self
        kept = self.confidence >= np.quantile(self.confidence, share)
        return Cloud(self.points[kept], self.colours[kept], self.confidence[kept])


@dataclass(frozen=True)
class Told:
    """What is told of a frame beside the picture: the update gate's mean and deviation over the state tokens, the
    tracking state with its reason, and the number by which whoever answered it knows it. NaN, empty and None where
    nobody has told."""

    gate: tuple[float, float] = (np.nan, np.nan)
    state: str = ''
    reason: str = ''
    number: int | None = None

    def text(self, index: int) -> str:
        """Return it in a line; index: of the frame among those that are shown, which are fewer where some were lost."""
        mean, deviation = self.gate
        parts = [f'frame {index}' if self.number in (None, index) else f'frame {index}, number {self.number}']
        if self.state:
            parts.append(f'tracking {self.state}' + (f' ({self.reason})' if self.reason else ''))
        if np.isfinite(mean):
            parts.append(f'gate {mean:.2f} ± {deviation:.2f}')
        return ' · '.join(parts)


@dataclass(frozen=True)
class ShownFrame:
    """One frame.

    pose (4, 4): camera-to-world, optical axes. intrinsics (3, 3) and depth (h, w), metres, NaN where none, of the
    picture (h, w, 3) uint8. lens: intrinsics and size (h, w) of the model's image, which the picture may be smaller
    than.
    """

    index: int
    pose: np.ndarray
    intrinsics: np.ndarray
    depth: np.ndarray
    picture: np.ndarray
    cloud: Cloud
    lens: tuple[np.ndarray, tuple[int, int]]

    @classmethod
    def of(cls, index: int, pose: np.ndarray, intrinsics: np.ndarray, depth: np.ndarray, confidence: np.ndarray,
           picture: np.ndarray) -> ShownFrame:
        """Make one of images of one size; a pixel without a positive depth has no point."""
        measured = valid(depth, confidence)
        world = back_project(depth, intrinsics)[measured] @ pose[:3, :3].T + pose[:3, 3]
        cloud = Cloud(world.astype(np.float32), picture[measured], confidence[measured].astype(np.float32))
        return cls(index, pose, intrinsics, depth, picture, cloud, (intrinsics, picture.shape[:2]))

    @classmethod
    def imagined(cls, pose: np.ndarray, points: np.ndarray, confidence: np.ndarray, like: ShownFrame) -> ShownFrame:
        """Make one of what a memory shows at pose (4, 4): points (h, w, 3) in that camera's frame, confidence (h, w).

        Nobody has seen its colours: they tell the depth. Its lens is that of the frame it is like.
        """
        depth = np.where(np.isfinite(points).all(axis=-1), points[..., 2], np.nan)
        picture = coloured(depth, _median(depth) / 2)
        measured = valid(depth, confidence)
        world = points[measured] @ pose[:3, :3].T + pose[:3, 3]
        cloud = Cloud(world.astype(np.float32), picture[measured], confidence[measured].astype(np.float32))
        return cls(like.index, pose, like.lens[0], depth, picture, cloud, like.lens)

    @property
    def fov(self) -> float:
        """The vertical field of view, radians."""
        return 2 * float(np.arctan(self.picture.shape[0] / 2 / self.intrinsics[1, 1]))

    @property
    def aspect(self) -> float:
        """Width by height."""
        return self.picture.shape[1] / self.picture.shape[0]

    @property
    def distance(self) -> float:
        """The median depth, metres; 1 where there is none."""
        return _median(self.depth)

    def kept(self, points: int, width: int) -> ShownFrame:
        """Return it with fewer points and a picture of at most a width, to be kept with many others."""
        scale = min(1.0, width / self.picture.shape[1])
        height, across = self.picture.shape[:2]
        size = max(1, round(across * scale)), max(1, round(height * scale))
        intrinsics = np.diag([size[0] / across, size[1] / height, 1]) @ self.intrinsics
        picture = cv2.resize(self.picture, size, interpolation=cv2.INTER_AREA)
        return replace(self, intrinsics=intrinsics, picture=picture,
                       depth=cv2.resize(self.depth, size, interpolation=cv2.INTER_NEAREST),
                       cloud=self.cloud.thinned(points, self.index))

    def beside_its_depth(self) -> np.ndarray:
        """Return the picture with the depth under it, near is bright, (2h, w, 3) uint8."""
        return np.concatenate([self.picture, coloured(self.depth, self.distance / 2)])


def coloured(depth: np.ndarray, near: float) -> np.ndarray:
    """Return depth (h, w) as a picture (h, w, 3) uint8: bright up to `near` metres, darker the farther, NaN black."""
    depth = np.nan_to_num(depth, nan=np.inf)
    bright = np.clip(255 * near / np.maximum(depth, near), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(cv2.applyColorMap(bright, cv2.COLORMAP_MAGMA)[..., ::-1])


def _median(depth: np.ndarray) -> float:
    seen = depth[np.isfinite(depth) & (depth > 0)]
    return float(np.median(seen)) if len(seen) else 1.0
