# SPDX-License-Identifier: Apache-2.0
"""Do two images show one place? The first is laid on the second as the answer about them says, and compared.

The network's own numbers cannot tell: asked about another room it answers as surely. The images can.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from ttt3r_ros.reconstruction.depth import foot
from ttt3r_ros.reconstruction.intrinsics import pinhole
from ttt3r_ros.reconstruction.trajectory import Boundary

GRID = 64  # pixels of the longer side that are compared: any size of network then costs, and means, the same
BLUR = 1.0  # pixels of that grid: points are a fraction of one off
NEAREST = 0.05  # metres; nearer points are on the camera's own lens


def likeness(image: np.ndarray, seen: Boundary, other: np.ndarray, step: np.ndarray, focal: float,
             fewest_in_view: float = 0.3) -> float:
    """Return how like an image (h, w, 3) another (h', w', 3) is, −1 to 1, if its camera stands where `step` says.

    seen: how a segment saw `image`. step (4, 4): the other camera's pose seen from the first, in that segment's metres.
    focal: the other's, pixels. The normalised correlation of brightness, which light and exposure do not change,
    between the first image's pixels and where their points lie in the other. The points are put on their pinhole's
    rays first, as in ~/points: the network's lie beside them, and then an image is not even like itself. −1 where
    fewer than fewest_in_view of them are in view, or a focal length is unknown; 0 if one of the two is uniform.
    """
    return _likeness(_shrunk(image), seen, _shrunk(other), other.shape[:2], step, focal, fewest_in_view)


def _likeness(shrunk: tuple[np.ndarray, float], seen: Boundary, other: tuple[np.ndarray, float], size: tuple[int, int],
              step: np.ndarray, focal: float, fewest_in_view: float) -> float:
    """Return the same of images as _shrunk gives them; size: of the other, pixels."""
    if not (np.isfinite(focal) and np.isfinite(seen.focal)):
        return -1.0
    (first, scale), (second, other_scale) = shrunk, other
    u, v, points = _sampled(seen, scale)
    back, intrinsics = np.linalg.inv(step), pinhole(focal, size)
    x, y, z = intrinsics @ back[:3, :3] @ points + intrinsics @ back[:3, 3:]
    with np.errstate(invalid='ignore', divide='ignore'):
        x, y = x / z, y / z
        height, width = size
        inside = np.flatnonzero((z > NEAREST) & (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1))
    if len(inside) < fewest_in_view * len(u):
        return -1.0
    u, v, x, y = (axis.take(inside) for axis in (u, v, x, y))
    return _correlation(_at(first, u, v, scale), _at(second, x, y, other_scale))


def mutual_likeness(image: np.ndarray, seen: Boundary, other: np.ndarray, other_seen: Boundary,
                    fewest_in_view: float = 0.3, *,
                    greys: tuple[np.ndarray | None, np.ndarray | None] = (None, None), one_lens: bool = True) -> float:
    """Return the lesser likeness of two images both ways round: each laid on the other, as both poses say.

    seen, other_seen: how one segment, or one path, saw each. It is one camera, so images of one shape are compared with
    one focal length, the mean: each answer's own may be a fifth off, and then no image lies on the next. greys: both
    images' brightness, where it is known. one_lens: False where they show other parts of its view all the same.
    """
    if one_lens and image.shape == other.shape:
        focal = float(np.sqrt(seen.focal * other_seen.focal))
        seen, other_seen = replace(seen, focal=focal), replace(other_seen, focal=focal)
    step = np.linalg.inv(seen.pose) @ other_seen.pose
    first, second = (_shrunk(one, grey) for one, grey in zip((image, other), greys, strict=True))
    return min(_likeness(first, seen, second, other.shape[:2], step, other_seen.focal, fewest_in_view),
               _likeness(second, other_seen, first, image.shape[:2], np.linalg.inv(step), seen.focal, fewest_in_view))


def brightness(image: np.ndarray) -> np.ndarray:
    """Return the brightness (h', w') float32 of an image, uint8 (h, w, 3), on the grid, blurred."""
    return _shrunk(image)[0]


def _shrunk(image: np.ndarray, known: np.ndarray | None = None) -> tuple[np.ndarray, float]:
    """Return the same, and the grid's pixels to one of the image; known: the first, if it is."""
    longest = max(image.shape[:2])
    if known is not None:
        return known, min(1.0, GRID / longest)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if longest > GRID:
        height, width = (max(1, round(side * GRID / longest)) for side in grey.shape)
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(grey.astype(np.float32), (0, 0), BLUR), min(1.0, GRID / longest)


def _sampled(seen: Boundary, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pixels u, v (n,), one to each of the grid, and their points (3, n) float64 on the pinhole's rays."""
    height, width = seen.points.shape[:2]
    chosen, u, v = _pixels(height, width, scale)
    x, y, z = seen.points.reshape(-1, 3).take(chosen, axis=0).T.astype(np.float64)  # sums over three are slow
    right, down = (u - width // 2) / seen.focal, (v - height // 2) / seen.focal
    depth = foot(x, y, z, right, down)
    return u, v, np.stack((depth * right, depth * down, depth))


@lru_cache(maxsize=8)
def _pixels(height: int, width: int, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return an image's pixels, one to each of the grid: which of all, row by row, they are, and u and v."""
    rows, cols = (((np.arange(round(side * scale)) + 0.5) / scale - 0.5).round().astype(int)
                  for side in (height, width))
    v, u = (axis.ravel() for axis in np.meshgrid(rows, cols, indexing='ij'))
    return v * width + u, u, v


def _at(grid: np.ndarray, u: np.ndarray, v: np.ndarray, scale: float) -> np.ndarray:
    """Return the grid's values (n,) at the image's pixels."""
    column, row = (((axis + 0.5) * scale - 0.5).astype(np.float32)[None] for axis in (u, v))
    return cv2.remap(grid, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return the normalised correlation, 0 if one of the two is uniform: a blank wall resembles nothing."""
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / size) if size > 0 else 0.0
