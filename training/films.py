# SPDX-License-Identifier: Apache-2.0
"""Films of footage where training draws from them: mapped files on a CPU, copies in the memory of a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import numpy as np
import torch
from torch import Tensor

from training.footage import FIRST_WIDE_SEED


@dataclass(frozen=True)
class Film:
    """n frames: rgb (n, h, w, 3) uint8 and depth (n, h, w) float16, metres, on the device; on the host pose (n, 4, 4),
    camera to world, and intrinsics (3, 3)."""

    rgb: Tensor
    depth: Tensor
    pose: np.ndarray
    intrinsics: np.ndarray

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.pose)

    @classmethod
    def load(cls, name: Path, device: torch.device) -> Film:
        """Map a file of footage.frame_type; on another device than a CPU its pictures are copied there."""
        frames = np.load(name, mmap_mode='c')  # PyTorch wants what could be written
        rgb, depth = (torch.from_numpy(frames[part]) for part in ('rgb', 'depth'))
        if device.type != 'cpu':
            rgb, depth = (part.contiguous().to(device) for part in (rgb, depth))
        return cls(rgb, depth, np.array(frames['pose']), np.array(frames['intrinsics'][0]))


class Films:
    """All films of a folder that are known, and on a GPU those that are still to be copied, beside the training."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        """Take the folder; `refresh` looks into it."""
        self._folder, self._device = folder, device
        self._known: set[str] = set()
        self._copying: Thread | None = None
        self.narrow: list[Film] = []
        self.wide: list[Film] = []

    def refresh(self) -> None:
        """Add what has appeared; on a GPU in a thread, but for the first ones."""
        if self._copying and self._copying.is_alive():
            return
        names = [name for name in sorted(self._folder.glob('*.npy')) if name.name not in self._known]
        self._known.update(name.name for name in names)
        if self._device.type == 'cpu' or not self.narrow + self.wide:
            self._add(names)
        elif names:
            self._copying = Thread(target=self._copy, args=(names,), daemon=True)
            self._copying.start()

    def _copy(self, names: list[Path]) -> None:
        with torch.cuda.stream(torch.cuda.Stream(self._device)):  # what is being trained is not waited for
            self._add(names)

    def _add(self, names: list[Path]) -> None:
        for name in names:
            film = Film.load(name, self._device)
            if self._device.type == 'cuda':
                torch.cuda.current_stream().synchronize()  # it is drawn from on another stream
            (self.narrow if int(name.stem.split('_')[0]) < FIRST_WIDE_SEED else self.wide).append(film)
