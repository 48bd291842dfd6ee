# SPDX-License-Identifier: Apache-2.0
"""Depth along z from predicted points, at the model's resolution or the camera's, and which of it to believe.

Depth and points are in metres in the optical frame (x right, y down, z forward); NaN means no measurement (REP-117).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ttt3r_ros.reconstruction.preprocess import PixelMap

EDGE = 1.05  # neighbours whose depths differ by a larger ratio lie on two surfaces


def _rays(intrinsics: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return x (h, w) and y (h, 1), float32, of each pixel's ray (x, y, 1); intrinsics (3, 3), pixel centres whole."""
    height, width = size
    y = (np.arange(height)[:, None] - intrinsics[1, 2]) / intrinsics[1, 1]
    x = (np.arange(width) - intrinsics[0, 2] - intrinsics[0, 1] * y) / intrinsics[0, 0]
    return x.astype(np.float32), y.astype(np.float32)


def back_project(depth: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    """Return points (h, w, 3) float32 in the camera frame for depth (h, w) along z and intrinsics (3, 3).

    NaN depth gives NaN points.
    """
    x, y = _rays(intrinsics, depth.shape)
    depth = depth.astype(np.float32, copy=False)
    return np.stack((x * depth, y * depth, depth), axis=-1)


def foot(px: np.ndarray, py: np.ndarray, pz: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the depth at which rays r = (x, y, 1) are nearest to points p, p·r / r·r; arrays that broadcast."""
    return (px * x + py * y + pz) / (x * x + y * y + 1)


def depth_of(points: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    """Return depth (h, w) float32 along z whose back-projection lies nearest to points (h, w, 3).

    The network's points do not lie quite on the rays of a pinhole; this is their foot on them.
    NaN where that is not positive and finite.
    """
    x, y = _rays(intrinsics, points.shape[:2])
    with np.errstate(invalid='ignore', over='ignore'):
        depth = foot(*np.moveaxis(points, -1, 0), x, y)
    return np.where((depth > 0) & np.isfinite(depth), depth, np.nan).astype(np.float32)


def on_rays(points: np.ndarray, intrinsics: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """Return depth (h, w) of points (h, w, 3), and these put onto their pixels' rays, so that both are one thing.

    With intrinsics (3, 3) that are not finite the depth is None, and the points are as they were.
    """
    if not np.isfinite(intrinsics).all():
        return None, points
    depth = depth_of(points, intrinsics)
    return depth, back_project(depth, intrinsics)


def valid(depth: np.ndarray, confidence: np.ndarray, *, min_depth: float = 0.0, max_depth: float = np.inf,
          confidence_threshold: float = 0.0, confidence_percentile: float = 0.0) -> np.ndarray:
    """Return which pixels to believe, bool (h, w), of depth and confidence (h, w).

    Those with a positive finite depth from min_depth to max_depth metres and a confidence of at least
    confidence_threshold, but for the confidence_percentile (0 to 100) least confident of all that have a depth.
    """
    measured = (depth > 0) & np.isfinite(depth) & np.isfinite(confidence)
    believed = measured & (depth >= min_depth) & (depth <= max_depth) & (confidence >= confidence_threshold)
    if confidence_percentile > 0 and measured.any():
        believed &= confidence >= np.percentile(confidence[measured], confidence_percentile)
    return believed


def between_surfaces(depth: np.ndarray, tolerance: float) -> np.ndarray:
    """Return which pixels hang in the air between a near surface and a far one, bool (h, w), of depth (h, w).

    Interpolation makes them, in networks and in resizing. Of rows, columns and both diagonals there is one along which
    the neighbours lie nearer on one side and farther on the other, by more than `tolerance` of the inverse depth, and
    neither side's plane, continued through its two pixels, reaches the pixel. On a plane inverse depth is linear in the
    image, however it slants; a thin pole or a gap lies before or behind both sides: these stay, and what NaN or the
    image's border leave open.
    """
    height, width = depth.shape
    with np.errstate(divide='ignore'):
        padded = np.pad(1 / depth.astype(np.float32, copy=False), 2, constant_values=np.nan)

    def shifted(rows: int, cols: int) -> np.ndarray:
        return padded[2 + rows:2 + rows + height, 2 + cols:2 + cols + width]

    here = shifted(0, 0)
    slack = tolerance * here
    found = np.zeros(depth.shape, bool)
    with np.errstate(invalid='ignore'):
        for row, col in ((0, 1), (1, 0), (1, 1), (1, -1)):
            before, after = (shifted(sign * row, sign * col) for sign in (-1, 1))
            low, high = np.minimum(before, after), np.maximum(before, after)
            astray = (low < here - slack) & (high > here + slack)
            for sign, near in ((-1, before), (1, after)):
                astray &= np.abs(2 * near - shifted(2 * sign * row, 2 * sign * col) - here) > slack
            found |= astray
    return found


@dataclass(frozen=True)
class _Axis:
    """Where the camera's pixels of one axis lie between the model's; only those inside the model's image."""

    inside: slice
    first: np.ndarray
    weight: np.ndarray
    nearest: np.ndarray

    @classmethod
    def plan(cls, camera_size: int, model_size: int, scale: float, shift: float) -> _Axis:
        """Plan for pixels at scale · i + shift in the camera's image, i in the model's."""
        place = (np.arange(camera_size) - shift) / scale
        inside = np.flatnonzero((place >= -0.5) & (place < model_size - 0.5))
        place = place[inside]
        # The outermost half pixel is continued from the last pair.
        first = np.clip(np.floor(place).astype(np.intp), 0, model_size - 2)
        return cls(slice(inside[0], inside[-1] + 1), first, (place - first).astype(np.float32),
                   np.clip(np.rint(place).astype(np.intp), 0, model_size - 1))


class CameraDepth:
    """Depth and confidence at the camera's resolution, with the camera's own intrinsics."""

    def __init__(self, pixel_map: PixelMap, intrinsics: np.ndarray) -> None:
        """Take where the model's image lies in the camera's, and the camera's K (3, 3), undistorted."""
        self._pixel_map = pixel_map
        to_camera = pixel_map.to_original(np.eye(3))
        self._model_intrinsics = np.linalg.inv(to_camera) @ intrinsics
        self._rows, self._cols = (_Axis.plan(pixel_map.original[i], pixel_map.size[i], to_camera[1 - i, 1 - i],
                                             to_camera[1 - i, 2]) for i in (0, 1))

    def resample(self, points: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return depth and confidence (H, W), float32, for the model's points (h, w, 3) and confidence (h, w).

        Both are NaN outside the model's image. Within a surface inverse depth is interpolated, which is exact for
        planes; across an edge a pixel takes its nearest neighbour's depth. Raises ValueError for another size.
        """
        if points.shape != (*self._pixel_map.size, 3) or confidence.shape != self._pixel_map.size:
            raise ValueError(f'points {points.shape} and confidence {confidence.shape} are not of the model image\'s '
                             f'size {self._pixel_map.size}: make a CameraDepth for each PixelMap')
        depth = depth_of(points, self._model_intrinsics)
        rows, cols = self._rows, self._cols
        on_one_surface = _on_one_surface(depth).take(rows.first, 0).take(cols.first, 1)
        nearest = depth.take(rows.nearest, 0).take(cols.nearest, 1)
        with np.errstate(divide='ignore'):  # past an edge at the border, inverse depth may be continued to 0
            interpolated = 1 / self._interpolate(1 / depth)
        return (self._frame(np.where(on_one_surface, interpolated, nearest)),
                self._frame(confidence.take(rows.nearest, 0).take(cols.nearest, 1)))

    def _interpolate(self, values: np.ndarray) -> np.ndarray:
        """Return values (h, w) at the camera's pixels, bilinear; cv2.remap would round places to 1/32 pixel."""
        rows, cols = self._rows, self._cols
        above = values.take(rows.first, 0)
        between = above + rows.weight[:, None] * (values.take(rows.first + 1, 0) - above)
        left = between.take(cols.first, 1)
        return left + cols.weight * (between.take(cols.first + 1, 1) - left)

    def _frame(self, inner: np.ndarray) -> np.ndarray:
        """Return the camera's image with NaN around what the model saw."""
        image = np.full(self._pixel_map.original, np.nan, np.float32)
        image[self._rows.inside, self._cols.inside] = inner
        return image


def _on_one_surface(depth: np.ndarray) -> np.ndarray:
    """Say of each square of four pixels, (h - 1, w - 1), whether all have a depth and no edge runs through it."""
    above, below = depth[:-1], depth[1:]
    low, high = np.minimum(above, below), np.maximum(above, below)
    return np.maximum(high[:, :-1], high[:, 1:]) <= EDGE * np.minimum(low[:, :-1], low[:, 1:])
