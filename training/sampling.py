# SPDX-License-Identifier: Apache-2.0
"""Batches drawn from the footage: short sequences each from its start, or streams of long ones, chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from training.films import Film, Films
from training.losses import Truth
from training.motion import motion
from ttt3r_ros.model.config import PATCH_SIZE

# Of all sequences. Cameras seldom move backwards; a room's size is to be read off its shape, not known by its paint.
MIRRORED, REVERSED, RECOLOURED = 0.5, 0.03, 0.5


@dataclass(frozen=True)
class Batch:
    """B sequences of T frames: images (B, T, 3, H, W) in [-1, 1], and the truth."""

    images: Tensor
    truth: Truth


@dataclass(frozen=True)
class Clip:
    """Frames of a film: `frames` of them, every stride-th from `first` on, shown backwards or not."""

    film: Film
    first: int
    stride: int
    frames: int
    backwards: bool = False

    def of(self, part: Tensor | np.ndarray) -> Tensor | np.ndarray:
        """Return its frames of a part of the film, forwards."""
        return part[self.first:self.first + (self.frames - 1) * self.stride + 1:self.stride]

    @property
    def pose(self) -> np.ndarray:
        """The poses (frames, 4, 4) as they are shown."""
        return self.of(self.film.pose)[::-1 if self.backwards else 1]

    def part(self, start: int, frames: int) -> Clip:
        """Return so many of its frames, as they are shown, from one on."""
        skipped = self.frames - start - frames if self.backwards else start
        return Clip(self.film, self.first + skipped * self.stride, self.stride, frames, self.backwards)


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

    def __init__(self, folder: Path, device: torch.device, patch: int = PATCH_SIZE) -> None:
        """Take the folder of footage, and the pixels of a patch's side; files that appear later `refresh` finds."""
        self._films, self._device, self._patch = Films(folder, device), device, patch
        self.refresh()

    @property
    def narrow(self) -> list[Film]:
        """Films of narrow worlds and of robots."""
        return self._films.narrow

    @property
    def wide(self) -> list[Film]:
        """Films of wide worlds."""
        return self._films.wide

    @property
    def worlds(self) -> list[Film]:
        """All films."""
        return self.narrow + self.wide

    def refresh(self) -> None:
        """Look for new files."""
        self._films.refresh()

    def sequence(self, rng: np.random.Generator, films: list[Film], frames: int, strides: tuple[int, ...]) -> Clip:
        """Draw a film, and a sequence of so many frames in it; shorter where no stride leaves so many."""
        film, stride = films[rng.integers(len(films))], int(rng.choice(strides))
        frames = min(frames, len(film))
        stride = min(stride, (len(film) - 1) // max(1, frames - 1) or 1)
        first = int(rng.integers(len(film) - (frames - 1) * stride))
        return Clip(film, first, stride, frames, rng.random() < REVERSED)

    def draw(self, rng: np.random.Generator, sequences: int, frames: int, strides: tuple[int, ...]) -> Batch:
        """Draw sequences of that many frames: any film, start, stride; some reversed in time, mirrored, recoloured."""
        looks, films = Looks.draw(rng, sequences), self.worlds
        clips = [self.sequence(rng, films, frames, strides) for _ in range(sequences)]
        return self.batch(clips, np.stack([clip.pose[0] for clip in clips]), looks)

    def batch(self, clips: list[Clip], origin: np.ndarray, looks: Looks, age: np.ndarray | None = None,
              before: np.ndarray | None = None) -> Batch:
        """Return the batch of B clips of one length T, poses as seen from origin (B, 4, 4).

        age (B,): frames of the sequence that came before; before (B, 4, 4): the pose of the last of them.
        """
        relative = _relative(np.stack([clip.pose for clip in clips]), origin, looks.mirrored)
        rgb = torch.stack([clip.of(clip.film.rgb) for clip in clips]).float()
        depth = torch.stack([clip.of(clip.film.depth) for clip in clips]).float()
        back = torch.from_numpy(np.array([clip.backwards for clip in clips])).to(self._device)
        rgb = torch.where(back[:, None, None, None, None], rgb.flip(1), rgb)
        depth = torch.where(back[:, None, None, None], depth.flip(1), depth)
        matrix = torch.from_numpy(np.stack([clip.film.intrinsics for clip in clips])).to(self._device)
        valid = depth > 0
        points = _points(torch.where(valid, depth, 1.0), matrix[:, None].expand(-1, depth.shape[1], -1, -1))
        flip = torch.from_numpy(looks.mirrored).to(self._device)
        # The mirrored world: columns in reverse, and x the other way round.
        x, rest = points.flip(3).split((1, 2), -1)
        points = torch.where(flip[:, None, None, None, None], torch.cat((-x, rest), -1), points)
        rgb = torch.where(flip[:, None, None, None, None], rgb.flip(3), rgb)
        valid = torch.where(flip[:, None, None, None], valid.flip(3), valid)
        centre = torch.where(flip, depth.shape[-1] - 1 - matrix[:, 0, 2], matrix[:, 0, 2])
        matrix = torch.cat((torch.stack((matrix[:, 0, 0], matrix[:, 0, 1], centre), -1)[:, None], matrix[:, 1:]), 1)
        images = _shown(rgb, looks).permute(0, 1, 4, 2, 3) * 2 - 1
        to_first = torch.from_numpy(relative.astype(np.float32)).to(self._device)
        age = torch.zeros(len(clips)) if age is None else torch.from_numpy(age.astype(np.float32))
        last = relative[:, :1] if before is None else _relative(before[:, None], origin, looks.mirrored)
        return Batch(images, Truth(points, torch.from_numpy(_vectors(relative)).to(self._device),
                                   motion(points, to_first, matrix, valid, self._patch), valid, age.to(self._device),
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
