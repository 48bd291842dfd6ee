# SPDX-License-Identifier: Apache-2.0
"""Focal length from camera-frame points: no head predicts it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ttt3r_ros.model.layers import sizes

ROUNDS = 10


def focal_length(points: Tensor) -> Tensor:
    """Return the focal length in pixels (...) that best explains points (..., h, w, 3), camera frame.

    Weiszfeld's iteration for the median of reprojection errors, principal point (w//2, h//2), one focal length for
    both axes. NaN where the points allow none.
    """
    *_, height, width, _ = sizes(points)
    # Rows and columns apart: sums over an axis of two are many times slower.
    v, u = (axis.flatten() for axis in torch.meshgrid(
        torch.arange(height, device=points.device, dtype=points.dtype) - height // 2,
        torch.arange(width, device=points.device, dtype=points.dtype) - width // 2, indexing='ij'))
    x, y, z = points.flatten(-3, -2).unbind(-1)
    ray_u, ray_v = ((side / z).nan_to_num(0, posinf=0, neginf=0) for side in (x, y))
    terms = torch.stack((ray_u * u + ray_v * v, ray_u * ray_u + ray_v * ray_v), dim=-2)  # (..., 2, h·w)
    sums = terms.sum(dim=-1)
    for _ in range(ROUNDS):
        focal = sums[..., :1] / sums[..., 1:]
        # torch.hypot takes as long as all the rest of a round.
        off_u, off_v = torch.addcmul(u, focal, ray_u, value=-1), torch.addcmul(v, focal, ray_v, value=-1)
        weight = (off_u * off_u).addcmul_(off_v, off_v).clamp_(min=1e-16).rsqrt_()
        sums = (weight[..., None, :] @ terms.mT)[..., 0, :]
    focal = sums[..., 0] / sums[..., 1]
    return torch.where(focal > 0, focal, torch.nan)


def pinhole(focal: float, size: tuple[int, int]) -> np.ndarray:
    """Return K (3, 3) for a focal length in pixels and an image size (h, w), as focal_length assumes it."""
    height, width = size
    return np.array([[focal, 0, width // 2], [0, focal, height // 2], [0, 0, 1]], dtype=np.float64)


def ray_map(pose: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the ray map (h, w, 6), float32, of a camera: what the network is asked about an unseen view with.

    pose (4, 4): camera-to-world, world = the segment's first camera. The first three channels are the camera's
    centre; the others the normalised world position of the pixel's point at depth 1, which is what the published
    checkpoints were trained with, not the rotated ray.
    """
    height, width = size
    pixels = np.stack((*np.meshgrid(np.arange(width), np.arange(height)), np.ones((height, width))), axis=-1)
    at_depth_one = pixels @ np.linalg.inv(intrinsics).T @ pose[:3, :3].T + pose[:3, 3]
    direction = at_depth_one / np.maximum(np.linalg.norm(at_depth_one, axis=-1, keepdims=True), 1e-12)
    return np.concatenate((np.broadcast_to(pose[:3, 3], direction.shape), direction), axis=-1).astype(np.float32)
