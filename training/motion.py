# SPDX-License-Identifier: Apache-2.0
"""What moves how between two frames, patch by patch: the truth of a lesson (training/lessons.py).

Shapes: B sequences, T frames, H×W pixels, n patches, each of four parts (2 × 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ttt3r_ros.model.config import PATCH_SIZE

NEAR = 0.1  # metres before the camera; nearer points have no place in an image
FLOW_UNIT, PARALLAX_UNIT, NEARNESS_UNIT = 4.0, 1.5, 0.5  # pixels, for patches of 16, and 1/m: all come out about one
FARTHEST = 5.0  # units; what moves farther counts as this
VISIBLE = 0.9  # share of a part's pixels that had a place in the frame before


@dataclass(frozen=True)
class Motion:
    """Means over each part, for frames 1 to T − 1: flow and parallax (B, T − 1, n, 4, 2), nearness (B, T − 1, n, 4).

    Flow goes from a point's place to its place in the frame before; parallax is what of it the camera's turn does not
    explain; nearness is 1/z. All in their units. valid (B, T − 1, n, 4) is 0 where part of it was behind the camera, or
    has no truth.
    """

    flow: Tensor
    parallax: Tensor
    nearness: Tensor
    valid: Tensor

    def errors(self, told: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the mean errors of answers (B, T − 1, n, lessons.WIDTH): of flow, of parallax, of nearness."""
        flow, parallax = (told[..., k:k + 8].unflatten(-1, (4, 2)) for k in (0, 8))
        return (self._mean(flow - self.flow), self._mean(parallax - self.parallax),
                self._over_valid((told[..., 16:] - self.nearness).abs()))

    def _mean(self, error: Tensor) -> Tensor:
        return self._over_valid((error.square().sum(-1) + 1e-10).sqrt())

    def _over_valid(self, error: Tensor) -> Tensor:
        return (error * self.valid).sum() / self.valid.sum().clamp(min=1)


def motion(points: Tensor, to_first: Tensor, intrinsics: Tensor, valid: Tensor, patch: int = PATCH_SIZE) -> Motion:
    """Compute it from points (B, T, H, W, 3) in their cameras, poses (B, T, 4, 4) and intrinsics (B, 3, 3).

    valid (B, T, H, W) bool: where the points are true. patch: pixels of a side; flow's unit grows with it.
    """
    size, larger = points.shape[2:4], patch / PATCH_SIZE
    to_before = _inverse(to_first[:, :-1]) @ to_first[:, 1:]
    here = points[:, 1:].flatten(2, 3)
    turned = here @ to_before[..., :3, :3].mT
    before = turned + to_before[..., None, :3, 3]

    def place(p: Tensor) -> tuple[Tensor, Tensor]:
        """Return pixels (B, T − 1, HW, 2), and where there are any."""
        return (p[..., :2] / p[..., 2:].clamp(min=NEAR) * intrinsics[:, None, None, (0, 1), (0, 1)]
                + intrinsics[:, None, None, :2, 2]), (p[..., 2:] > NEAR).float()

    (at, _), (at_before, seen), (at_turned, turned_seen) = place(here), place(before), place(turned)
    seen = seen * valid[:, 1:].flatten(2)[..., None]

    def mean(shift: Tensor, unit: float, where: Tensor) -> Tensor:
        return (_parts((shift / (unit * larger)).clamp(-FARTHEST, FARTHEST) * where, size, patch)
                / _parts(where, size, patch).clamp(min=0.1))

    return Motion(mean(at_before - at, FLOW_UNIT, seen), mean(at_before - at_turned, PARALLAX_UNIT, seen * turned_seen),
                  _parts(1 / here[..., 2:].clamp(min=0.3), size, patch)[..., 0] / NEARNESS_UNIT,
                  (_parts(seen, size, patch)[..., 0] > VISIBLE).float())


def _parts(x: Tensor, size: tuple[int, int], patch: int) -> Tensor:
    """Return the means (B, T, n, 4, C) of x (B, T, HW, C) over each patch's parts."""
    part = patch // 2
    maps = x.unflatten(2, (size[0] // patch, 2, part, size[1] // patch, 2, part)).mean(dim=(4, 7))
    return maps.transpose(3, 4).flatten(4, 5).flatten(2, 3)


def _inverse(pose: Tensor) -> Tensor:
    """Return the inverses of rigid poses (..., 4, 4), without a solver, which would wait for a GPU."""
    turn, place = pose[..., :3, :3].mT, pose[..., :3, 3:]
    return torch.cat((torch.cat((turn, -turn @ place), -1), pose[..., 3:, :]), -2)
