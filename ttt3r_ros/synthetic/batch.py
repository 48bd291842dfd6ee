# SPDX-License-Identifier: Apache-2.0
"""Many poses of one scene at once, in PyTorch: what `Scene.render` draws, on a GPU."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .render import LEVELS, SAMPLES, Scene


class BatchRenderer:
    """A scene on a device."""

    def __init__(self, scene: Scene, device: torch.device | str) -> None:
        """Copy the scene there."""
        self._device = torch.device(device)
        self._shell = scene.shell
        self._corner, self._right, self._down, self._normal, self._density = (
            self._tensor(a, torch.float64) for a in (scene.corner, scene.right, scene.down, scene.normal,
                                                     scene.density))
        self._size = self._tensor(scene.size, torch.float32)
        self._texels = self._tensor(scene.texels.view(np.int32), torch.int32)
        self._start, self._stride = (self._tensor(a.ravel(), torch.int64) for a in (scene.start, scene.stride))

    def _tensor(self, array: np.ndarray, dtype: torch.dtype) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device, dtype)

    def render(self, poses: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Return images (n, h, w, 3) uint8 RGB and depths (n, h, w) float32 on the device.

        Arguments as for Scene.render, poses (n, 4, 4). Not bounded by boxes as there: a quad costs all pixels.
        """
        pose = self._tensor(poses, torch.float64)
        v, u = (self._tensor((np.arange(n * SAMPLES) + 0.5) / SAMPLES - 0.5, torch.float32) for n in size)
        offset = pose[:, None, :3, 3] - self._corner
        distance = (self._normal * offset).sum(-1)
        rays = pose[:, :3, :3] @ self._tensor(np.linalg.inv(intrinsics), torch.float64)
        # Behind a quad there is nothing to see of it; a plane of zeros is nowhere nearer than another.
        drawn = (distance > 1e-6)[..., None]
        inverse = torch.where(drawn, -(self._normal @ rays) / distance.clamp_min(1e-6)[..., None], 0)
        planes = [inverse]
        for axis, density in ((self._right, self._density[:, 0]), (self._down, self._density[:, 1])):
            at = (axis * offset).sum(-1)[..., None]
            planes.append(density[:, None] * (axis @ rays + at * inverse))
        planes = torch.stack(planes, 2).float()  # (n, quads, 1/z and both texels times it, affine in u v 1)
        nearness, owner = self._cover(planes, u, v)
        focal = float(np.sqrt(intrinsics[0, 0] * intrinsics[1, 1])) * SAMPLES
        return (_mean_colour(self._shade(planes, distance, focal, u, v, nearness, owner)),
                1 / self._centre(planes, u, v, nearness, owner))

    def _cover(self, planes: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Return the samples' 1/z and the nearest quad, both (n, rows, columns)."""
        nearness = planes.new_zeros(len(planes), len(v), len(u))
        owner = torch.zeros(nearness.shape, dtype=torch.int64, device=self._device)
        for k in range(planes.shape[1]):
            inverse, s, t = (_affine(planes[:, k, i, :, None, None], u, v) for i in range(3))
            seen = inverse > nearness
            if k >= self._shell:
                wide, tall = self._size[k]
                seen &= (s >= 0) & (s <= wide * inverse) & (t >= 0) & (t <= tall * inverse)
            nearness = torch.where(seen, inverse, nearness)
            owner = torch.where(seen, k, owner)
        return nearness, owner

    def _shade(self, planes: Tensor, distance: Tensor, focal: float, u: Tensor, v: Tensor, nearness: Tensor,
               owner: Tensor) -> Tensor:
        """Return the samples' packed colours (n, rows, columns) int32."""
        depth, texels = 1 / nearness, []
        which = owner.flatten(1)
        for i in (1, 2):
            a, b, c = (planes[:, :, i, j].gather(1, which).view_as(depth) for j in range(3))
            along = (a * u + b * v[:, None] + c) * depth
            texels.append(torch.minimum(along.clamp_min(0), (self._size[:, i - 1] - 1)[owner]).long())
        scale = (self._density.mean(1) / focal).float()[owner]
        slant = (0.5 / distance.clamp_min(1e-6)).float().gather(1, which).view_as(depth)
        footprint = scale * depth * (depth * slant).clamp_min(1)
        level = ((footprint.view(torch.int32) >> 23) - 127).clamp(0, LEVELS - 1).long()
        pyramid = owner * LEVELS + level
        index = self._start[pyramid] + (texels[1] >> level) * self._stride[pyramid]
        return self._texels[index + (texels[0] >> level)]

    def _centre(self, planes: Tensor, u: Tensor, v: Tensor, nearness: Tensor, owner: Tensor) -> Tensor:
        """Return 1/z at the pixels' centres (n, h, w)."""
        places = [(slice(i, None, SAMPLES), slice(j, None, SAMPLES)) for i in range(SAMPLES) for j in range(SAMPLES)]
        values = [nearness[:, rows, columns] for rows, columns in places]
        owners = [owner[:, rows, columns] for rows, columns in places]
        shift = 0.5 - 0.5 / SAMPLES
        x, y = u[::SAMPLES] + shift, v[::SAMPLES] + shift
        edge = torch.stack([o != owners[0] for o in owners[1:]]).any(0)
        best = torch.zeros_like(values[0])
        for candidate in owners:
            quads = candidate.flatten(1)[..., None].expand(-1, -1, 3)
            inverse, s, t = (_affine(planes[:, :, i].gather(1, quads).mT.unflatten(
                2, candidate.shape[1:]), x, y) for i in range(3))
            wide, tall = (self._size[candidate] * inverse[..., None]).unbind(-1)
            holds = (candidate < self._shell) | ((s >= 0) & (s <= wide) & (t >= 0) & (t <= tall))
            best = torch.where(holds & (inverse > best), inverse, best)
        return torch.where(edge, torch.where(best > 0, best, values[0]), sum(values[1:], values[0]) / len(values))


def _affine(coefficients: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Return a·u + b·v + c (n, rows, columns) for coefficients (n, 3, 1 or rows, 1 or columns)."""
    a, b, c = coefficients.unbind(1)
    return a * u + (b * v[:, None] + c)


def _mean_colour(packed: Tensor) -> Tensor:
    """Return (n, h, w, 3) uint8: the mean of each pixel's samples."""
    colours = torch.stack([(packed >> shift) & 255 for shift in (0, 8, 16)], -1)
    total = sum(colours[:, i::SAMPLES, j::SAMPLES] for i in range(SAMPLES) for j in range(SAMPLES))
    return ((total + SAMPLES ** 2 // 2) // SAMPLES ** 2).to(torch.uint8)
