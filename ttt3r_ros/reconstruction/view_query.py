# SPDX-License-Identifier: Apache-2.0
"""What a memory shows of a view that no image told of."""

from __future__ import annotations

import numpy as np
import torch

from ttt3r_ros.model.config import PATCH_SIZE
from ttt3r_ros.model.recurrence import Recurrence
from ttt3r_ros.reconstruction.frame import View
from ttt3r_ros.reconstruction.intrinsics import ray_map
from ttt3r_ros.reconstruction.place import Place
from ttt3r_ros.reconstruction.transfer import download


def ask(recurrence: Recurrence, place: Place, pose: np.ndarray, intrinsics: np.ndarray,
        size: tuple[int, int] | None) -> View:
    """Return what the memory of a place says; see Reconstructor.query, of a network that has a ray-map encoder."""
    if place.image is None:
        raise ValueError('the memory has seen no frame yet: step an image first')
    size = size or place.image.shape[:2]
    if any(side < PATCH_SIZE or side % PATCH_SIZE for side in size):
        raise ValueError(f'a view of {size[1]}×{size[0]} pixels cannot be asked for: its sides must be multiples of '
                         f'{PATCH_SIZE}')
    rays = torch.from_numpy(ray_map(place.path.take_back(pose), intrinsics, size))
    prediction = recurrence.query(rays.permute(2, 0, 1)[None].contiguous().to(recurrence.network.device))
    points, confidence = download(prediction.points[0], prediction.confidence[0])
    return View(points * np.float32(place.path.scale), confidence)
