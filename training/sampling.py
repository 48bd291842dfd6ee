# SPDX-License-Identifier: Apache-2.0
"""Batches of short sequences, drawn from the footage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from training.footage import SIZE
from training.losses import Truth
from training.motion import motion

# Of all sequences. Cameras seldom move backwards; a room's size is to be read off its shape, not known by its paint.
MIRRORED, REVERSED, RECOLOURED = 0.5, 0.03, 0.5


@dataclass(frozen=True)
class Batch:
    """B sequences of T frames: images (B, T, 3, H, W) in [-1, 1], and the truth."""

    images: Tensor
    truth: Truth


class Sampler:
    """Draws sequences; the generator decides all of it."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        """Take the folder of footage; files that appear there later are found by `refresh`."""
        self._folder, self._device = folder, device
        self.worlds: list[np.ndarray] = []
        self.refresh()

    def refresh(self) -> None:
        """Map the files that are there now."""
        names = sorted(self._folder.glob('*.npy'))
        if len(names) != len(self.worlds):
            self.worlds = [np.load(name, mmap_mode='r') for name in names]

    def draw(self, rng: np.random.Generator, sequences: int, frames: int, strides: tuple[int, ...]) -> Batch:
        """Draw sequences of that many frames: any world, start, stride; some reversed in time, mirrored, recoloured."""
        clips, mirrored = [], rng.random(sequences) < MIRRORED
        for _ in range(sequences):
            world, stride = self.worlds[rng.integers(len(self.worlds))], rng.choice(strides)
            start = rng.integers(len(world) - (frames - 1) * stride)
            index = start + stride * np.arange(frames)
            clips.append(world[index[::-1] if rng.random() < REVERSED else index])
        clips = np.stack(clips)
        relative = _relative(clips['pose'], mirrored)
        rgb, depth, intrinsics = (torch.from_numpy(clips[name]).to(self._device).float()
                                  for name in ('rgb', 'depth', 'intrinsics'))
        points = _points(depth, intrinsics)
        flip = torch.from_numpy(mirrored).to(self._device)
        # The mirrored world: columns in reverse, and x the other way round.
        points = torch.where(flip[:, None, None, None, None], points.flip(3) * points.new_tensor([-1, 1, 1]), points)
        rgb = torch.where(flip[:, None, None, None, None], rgb.flip(3), rgb)
        matrix = intrinsics[:, 0].clone()
        matrix[flip, 0, 2] = SIZE[1] - 1 - matrix[flip, 0, 2]
        images = _tinted(rng, _recoloured(rng, rgb) / 255).permute(0, 1, 4, 2, 3) * 2 - 1
        to_first = torch.from_numpy(relative.astype(np.float32)).to(self._device)
        return Batch(images, Truth(points, torch.from_numpy(_vectors(relative)).to(self._device),
                                   motion(points, to_first, matrix)))


def _relative(poses: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """Return poses (B, T, 4, 4) as seen from each sequence's first, those of mirrored worlds reflected in x."""
    poses = poses.astype(np.float64)
    mirror = np.where(mirrored[:, None], [-1.0, 1, 1, 1], 1.0)
    return np.linalg.inv(poses[:, :1]) @ poses * (mirror[:, None, :, None] * mirror[:, None, None, :])


def _vectors(poses: np.ndarray) -> np.ndarray:
    """Return poses (B, T, 4, 4) as translation and quaternion, scalar first and not negative, (B, T, 7) float32."""
    turns = Rotation.from_matrix(poses[..., :3, :3].reshape(-1, 3, 3))
    quaternions = turns.as_quat(canonical=True)[:, [3, 0, 1, 2]].reshape(*poses.shape[:2], 4)
    return np.concatenate((poses[..., :3, 3], quaternions), -1).astype(np.float32)


def _points(depth: Tensor, intrinsics: Tensor) -> Tensor:
    """Return points (B, T, H, W, 3) in the camera frame from depth (B, T, H, W) and K (B, T, 3, 3)."""
    v, u = torch.meshgrid(*(torch.arange(n, device=depth.device, dtype=depth.dtype) for n in depth.shape[-2:]),
                          indexing='ij')
    k = intrinsics[..., None, None]
    x, y = (u - k[:, :, 0, 2]) / k[:, :, 0, 0], (v - k[:, :, 1, 2]) / k[:, :, 1, 1]
    return torch.stack((x * depth, y * depth, depth), dim=-1)


def _recoloured(rng: np.random.Generator, rgb: Tensor) -> Tensor:
    """Return rgb (B, T, H, W, 3) with the channels of some sequences in another order."""
    plain = rng.random(len(rgb)) >= RECOLOURED
    order = rng.permuted(np.tile(np.arange(3), (len(rgb), 1)), axis=1)
    order[plain] = np.arange(3)
    order = torch.from_numpy(order).to(rgb.device)[:, None, None, None]
    return rgb.gather(-1, order.expand(rgb.shape))


def _tinted(rng: np.random.Generator, rgb: Tensor) -> Tensor:
    """Return rgb in [0, 1] under another white balance, brightness and contrast for each sequence."""
    size = (len(rgb), 1, 1, 1)
    gain = np.exp(rng.normal(0, 0.12, (*size, 1)) + rng.normal(0, 0.05, (*size, 3)))
    gamma = np.exp(rng.normal(0, 0.15, (*size, 1)))
    gain, gamma = (torch.from_numpy(a.astype(np.float32)).to(rgb.device) for a in (gain, gamma))
    return ((rgb + 1e-4) ** gamma * gain).clamp(0, 1)
