# SPDX-License-Identifier: Apache-2.0
"""A coloured cloud seen from outside, drawn point by point in numpy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

ELEVATION_DEG = 48.0
AZIMUTH_DEG = 28.0  # off the first camera's line of sight, to its right
FIELD_DEG = 38.0
BORDER = 1.03
HELD = 98.0  # percent of the points that the view holds
POINT = 0.0042  # side of a point as a part of the image's height, at the distance of the cloud's middle
CUT_ABOVE_CAMERA = 0.5  # metres: ceilings would hide the room


@dataclass(frozen=True)
class Viewpoint:
    """A pinhole camera: rotation (3, 3) world-to-camera, optical axes; centre (3,); focal in pixels; size (h, w)."""

    rotation: np.ndarray
    centre: np.ndarray
    focal: float
    size: tuple[int, int]

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return pixels (n, 2) and depths (n,) of points (n, 3); pixels of points behind the camera are NaN."""
        seen = (points - self.centre) @ self.rotation.T
        depth = np.where(seen[:, 2] > 1e-6, seen[:, 2], np.nan)
        middle = np.array([self.size[1], self.size[0]]) / 2
        return self.focal * seen[:, :2] / depth[:, None] + middle, depth


def oblique(points: np.ndarray, size: tuple[int, int]) -> Viewpoint:
    """Return a view from above and behind the first camera that holds nearly all points (n, 3), REP-103 axes."""
    low, high = np.percentile(points, (100 - HELD, HELD), axis=0) if len(points) else (-np.ones(3), np.ones(3))
    middle = (low + high) / 2
    elevation, azimuth = np.radians(ELEVATION_DEG), np.radians(AZIMUTH_DEG)
    forward = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), -np.sin(elevation)])
    right = np.array([np.sin(azimuth), -np.cos(azimuth), 0.0])
    rotation = np.stack([right, np.cross(forward, right), forward])
    focal = size[0] / 2 / np.tan(np.radians(FIELD_DEG) / 2)
    seen = (points - middle) @ rotation.T if len(points) else np.zeros((1, 3))
    # How far away each point must be to fall inside the image; then the image's middle is put on the cloud's.
    distance = np.percentile(np.max(2 * focal * np.abs(seen[:, :2]) / np.array(size[::-1]), axis=1) - seen[:, 2], HELD)
    view = Viewpoint(rotation, middle - max(BORDER * distance, 1e-3) * forward, focal, size)
    pixels = view.project(points)[0]
    pixels = pixels[np.isfinite(pixels[:, 0])]
    if not len(pixels):
        return view
    off = np.percentile(pixels, (100 - HELD, HELD), axis=0).mean(axis=0) - np.array(size[::-1]) / 2
    shift = off / focal * max(BORDER * distance, 1e-3)
    return replace(view, centre=view.centre + shift @ rotation[:2])


def without_ceiling(points: np.ndarray, path: np.ndarray) -> np.ndarray:
    """Return a mask (n,) of the points (n, 3) that do not lie far above the path (m, 3)."""
    if not len(path):
        return np.ones(len(points), bool)
    return points[:, 2] < np.percentile(path[:, 2], 90) + CUT_ABOVE_CAMERA


def render(points: np.ndarray, colours: np.ndarray, view: Viewpoint, background: tuple[int, int, int]) -> np.ndarray:
    """Return the image uint8 (h, w, 3): points (n, 3) as squares, the nearest on top."""
    height, width = view.size
    image = np.full((height, width, 3), background, np.uint8)
    pixels, depth = view.project(points)
    inside = np.isfinite(depth) & (np.abs(pixels - [width / 2, height / 2]) < [width, height]).all(axis=1)
    pixels, depth, colours = pixels[inside], depth[inside], colours[inside]
    if not len(depth):
        return image
    side = np.clip(np.round(POINT * height * np.median(depth) / depth), 2, 9).astype(int)
    corner = np.round(pixels - side[:, None] / 2).astype(int)
    us, vs, depths, sources = [], [], [], []
    for dv in range(side.max()):
        for du in range(side.max()):
            covers = np.flatnonzero(side > max(du, dv))
            u, v = corner[covers, 0] + du, corner[covers, 1] + dv
            shown = (u >= 0) & (u < width) & (v >= 0) & (v < height)
            us.append(u[shown])
            vs.append(v[shown])
            sources.append(covers[shown])
            depths.append(depth[covers[shown]])
    order = np.argsort(-np.concatenate(depths), kind='stable')  # of equal pixels numpy keeps the last
    source = np.concatenate(sources)[order]
    image[np.concatenate(vs)[order], np.concatenate(us)[order]] = colours[source]
    return image
