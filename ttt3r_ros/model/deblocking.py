# SPDX-License-Identifier: Apache-2.0
"""Taking the borders of patches out of an image whose every patch was made from a token of its own."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ttt3r_ros.model.layers import in_type, sizes

REACH = 2  # pixels on either side of a border whose values do not go with the rest of their patch
BEYOND = 3  # gradients on either side of those: the mean of more is less of one pixel's grain
HELD = 0.05  # what the image itself counts beside its gradients: a correction dies away over 1/√HELD pixels


class Deblocking(nn.Module):
    """Makes values go on across the borders of patches as they go within them; linear, no weights.

    Rows, then columns: the line of pixels that has the gradients of the given one, but near borders those interpolated
    from both sides, and is near the given one: a screened Poisson equation (Bhat et al., ECCV 2008) in one dimension.
    """

    def __init__(self, side: int) -> None:
        """Take the side of a patch, pixels."""
        super().__init__()
        self._side = side
        self._operators: dict[tuple[int, torch.device], tuple[Tensor, Tensor]] = {}

    def forward(self, image: Tensor) -> Tensor:
        """Map (B, C, H, W), H and W multiples of the side, to the same shape and type."""
        *_, height, width = shape = sizes(image)
        # Spelled out: each sum is a product's own.
        faults, spread = self._operator(width, image.device)
        x = in_type(image, torch.float32).reshape(-1, width)
        x = torch.addmm(x, x @ faults.mT, spread.mT).view(-1, height, width)
        faults, spread = self._operator(height, image.device)
        x = torch.baddbmm(x, spread.expand(len(x), -1, -1), faults @ x)
        return in_type(x.view(shape), image.dtype)

    def _operator(self, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
        # Kept where it is needed: a graph that is recorded must not wait for a copy.
        if (size, device) not in self._operators:
            self._operators[size, device] = tuple(torch.from_numpy(matrix).to(device, torch.float32)
                                                  for matrix in operator(size, self._side))
        return self._operators[size, device]


def operator(size: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what deblocks a line x of pixels (size,), as x + spread @ (faults @ x).

    faults (k, size): by how much gradients near borders are to change; spread (size, k): what makes them do so.
    """
    gradient = np.diff(np.eye(size), axis=0)  # row i is from pixel i to the next
    places, change, near_borders = np.arange(size - 1), np.zeros((size - 1, size - 1)), []
    for border in range(0, size + 1, side):
        near = places[max(0, border - 1 - REACH):border + REACH]
        before, after = places[max(0, near[0] - BEYOND):near[0]], places[near[-1] + 1:near[-1] + 1 + BEYOND]
        share = np.linspace(0, 1, len(near) + 2)[1:-1]
        if border in (0, size):  # beyond the image there is nothing to interpolate with
            share[:] = border == 0
        for beyond, weight in ((before, 1 - share), (after, share)):
            change[np.ix_(near, beyond)] += weight[:, None] / max(1, len(beyond))
        change[near, near] -= 1
        near_borders.extend(near)
    spread = np.linalg.solve(HELD * np.eye(size) + gradient.T @ gradient, gradient.T[:, near_borders])
    return change[near_borders] @ gradient, spread
