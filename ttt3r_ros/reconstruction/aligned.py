# SPDX-License-Identifier: Apache-2.0
"""Another image of the camera's view, a mask or a measured depth, on the pixels of the model's image."""

from __future__ import annotations

import cv2
import numpy as np

from ttt3r_ros.reconstruction.preprocess import PixelMap

SAME_ASPECT = 0.01  # relative


class AlignedError(ValueError):
    """An image that does not show what the camera's shows; the message says why and what to do."""


def resized(values: np.ndarray, size: tuple[int, int], what: str) -> np.ndarray:
    """Return values (h, w) at the camera image's size (H, W), nearest pixels. Raises AlignedError for another aspect.

    what: the name that the message gives it.
    """
    if values.shape == size:
        return values
    (height, width), (rows, cols) = size, values.shape
    if not 0 < rows or not abs(cols * height / (rows * width) - 1) <= SAME_ASPECT:
        raise AlignedError(f'the {what} has {cols}×{rows} pixels, another shape than the image with its '
                           f'{width}×{height}: publish one that is aligned to the image')
    return cv2.resize(values, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)


def mask_on_model(mask: np.ndarray, pixel_map: PixelMap) -> np.ndarray:
    """Return which pixels of the model's image touch the mask, bool (h, w), of the camera image's, bool (H, W)."""
    width, height = pixel_map.resized[::-1]
    share = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return pixel_map.straight(_cut(share, pixel_map)) > 1e-6


def depth_on_model(depth: np.ndarray, pixel_map: PixelMap) -> np.ndarray:
    """Return the depth (h, w) at the centres of the model's pixels, nearest, of the camera image's (H, W)."""
    to_camera = pixel_map.to_camera
    rows, cols = (np.clip(np.rint(to_camera[i, i] * np.arange(n) + to_camera[i, 2]).astype(int), 0, most - 1)
                  for i, n, most in ((1, pixel_map.size[0], depth.shape[0]), (0, pixel_map.size[1], depth.shape[1])))
    return pixel_map.straight(depth[np.ix_(rows, cols)], cv2.INTER_NEAREST)


def _cut(values: np.ndarray, pixel_map: PixelMap) -> np.ndarray:
    height, width = pixel_map.size
    return values[pixel_map.top:pixel_map.top + height, pixel_map.left:pixel_map.left + width]
