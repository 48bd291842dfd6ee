# SPDX-License-Identifier: Apache-2.0
"""Batches drawn from the footage: short sequences each from its start, or streams of long ones, chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from training.footage import FIRST_WIDE_SEED
from training.losses import Truth
from training.motion import motion

# Of all sequences. Cameras seldom move backwards; a room's size is to be read off its shape, not known by its paint.
MIRRORED, REVERSED, RECOLOURED = 0.5, 0.03, 0.5


@dataclass(frozen=True)
class Batch:
    """B sequences of T frames: images (B, T, 3, H, W) in [-1, 1], and the truth."""

    images: Tensor
    truth: Truth


@dataclass(frozen=True)
class Looks:
    """How n sequences are shown: mirrored (n,), the order of their channels (n, 3), gain (n, 3), gamma (n,)."""

    mirrored: np.ndarray
    order: np.ndarray
    gain: np.ndarray
    gamma: np.ndarray

    @classmethod
    def draw(cls, rng: np.random.Generator, count: int) -> Looks:
        """Draw them: half mirrored, half in exchanged colours, each in another light."""
        mirrored, plain = rng.random(count) < MIRRORED, rng.random(count) >= RECOLOURED
        order = rng.permuted(np.tile(np.arange(3), (count, 1)), axis=1)
        order[plain] = np.arange(3)
        gain = np.exp(rng.normal(0, 0.12, (count, 1)) + rng.normal(0, 0.05, (count, 3)))
        return cls(mirrored, order, gain, np.exp(rng.normal(0, 0.15, count)))

    def replaced(self, which: np.ndarray, others: Looks) -> Looks:
        """Return these with others in the places which (n,) bool, of which others has as many."""
        parts = {name: value.copy() for name, value in vars(self).items()}
        for name, value in parts.items():
            value[which] = getattr(others, name)
        return Looks(**parts)


class Sampler:
    """Draws sequences; the generator decides all of it."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        """Take the folder of footage; files that appear there later are found by `refresh`."""
        self._folder, self._device = folder, device
        self.narrow: list[np.ndarray] = []
        self.wide: list[np.ndarray] = []
        self.refresh()

    @property
    def worlds(self) -> list[np.ndarray]:
        """All films."""
        return self.narrow + self.wide

    def refresh(self) -> None:
        """Map the files that are there now."""
        names = sorted(self._folder.glob('*.npy'))
        if len(names) != len(self.worlds):
            narrow = [int(name.stem.split('_')[0]) < FIRST_WIDE_SEED for name in names]
            films = [np.load(name, mmap_mode='r') for name in names]
            self.narrow = [film for film, is_narrow in zip(films, narrow) if is_narrow]
            self.wide = [film for film, is_narrow in zip(films, narrow) if not is_narrow]

    def sequence(self, rng: np.random.Generator, films: list[np.ndarray], frames: int,
                 strides: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Draw a film, and the indices (frames,) of a sequence in it; shorter where no stride leaves so many."""
        film, stride = films[rng.integers(len(films))], int(rng.choice(strides))
        frames = min(frames, len(film))
        stride = min(stride, (len(film) - 1) // max(1, frames - 1) or 1)
        index = rng.integers(len(film) - (frames - 1) * stride) + stride * np.arange(frames)
        return film, index[::-1] if rng.random() < REVERSED else index

    def draw(self, rng: np.random.Generator, sequences: int, frames: int, strides: tuple[int, ...]) -> Batch:
        """Draw sequences of that many frames: any film, start, stride; some reversed in time, mirrored, recoloured."""
        looks, films = Looks.draw(rng, sequences), self.worlds
        clips = np.stack([film[index] for film, index in
                          (self.sequence(rng, films, frames, strides) for _ in range(sequences))])
        return self.batch(clips, clips['pose'][:, 0], looks)

    def batch(self, clips: np.ndarray, origin: np.ndarray, looks: Looks, age: np.ndarray | None = None,
              before: np.ndarray | None = None) -> Batch:
        """Return the batch of clips (B, T) of frame_type, poses as seen from origin (B, 4, 4).

        age (B,): frames of the sequence that came before; before (B, 4, 4): the pose of the last of them.
        """
        relative = _relative(clips['pose'], origin, looks.mirrored)
        rgb, depth, intrinsics = (torch.from_numpy(clips[name]).to(self._device).float()
                                  for name in ('rgb', 'depth', 'intrinsics'))
        valid = depth > 0
        points = _points(torch.where(valid, depth, 1.0), intrinsics)
        flip = torch.from_numpy(looks.mirrored).to(self._device)
        # The mirrored world: columns in reverse, and x the other way round.
        points = torch.where(flip[:, None, None, None, None], points.flip(3) * points.new_tensor([-1, 1, 1]), points)
        rgb = torch.where(flip[:, None, None, None, None], rgb.flip(3), rgb)
        valid = torch.where(flip[:, None, None, None], valid.flip(3), valid)
        matrix = intrinsics[:, 0].clone()
        matrix[flip, 0, 2] = depth.shape[-1] - 1 - matrix[flip, 0, 2]
        images = _shown(rgb, looks).permute(0, 1, 4, 2, 3) * 2 - 1
        to_first = torch.from_numpy(relative.astype(np.float32)).to(self._device)
        age = torch.zeros(len(clips)) if age is None else torch.from_numpy(age.astype(np.float32))
        last = relative[:, :1] if before is None else _relative(before[:, None], origin, looks.mirrored)
        return Batch(images, Truth(points, torch.from_numpy(_vectors(relative)).to(self._device),
                                   motion(points, to_first, matrix, valid), valid, age.to(self._device),
                                   torch.from_numpy(_vectors(last)[:, 0]).to(self._device)))


def _relative(poses: np.ndarray, origin: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """Return poses (B, T, 4, 4) as seen from origin (B, 4, 4), those of mirrored worlds reflected in x."""
    poses = poses.astype(np.float64)
    mirror = np.where(mirrored[:, None], [-1.0, 1, 1, 1], 1.0)
    from_origin = np.linalg.inv(origin.astype(np.float64))[:, None]
    return from_origin @ poses * (mirror[:, None, :, None] * mirror[:, None, None, :])


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


def _shown(rgb: Tensor, looks: Looks) -> Tensor:
    """Return rgb (B, T, H, W, 3) of 255 in [0, 1], channels exchanged, under another balance, brightness, contrast."""
    order = torch.from_numpy(looks.order).to(rgb.device)[:, None, None, None]
    gain = torch.from_numpy(looks.gain.astype(np.float32)).to(rgb.device)[:, None, None, None]
    gamma = torch.from_numpy(looks.gamma.astype(np.float32)).to(rgb.device)[:, None, None, None, None]
    return ((rgb.gather(-1, order.expand(rgb.shape)) / 255 + 1e-4) ** gamma * gain).clamp(0, 1)
