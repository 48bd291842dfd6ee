# SPDX-License-Identifier: Apache-2.0
"""Questions that only training asks the network, so that its tokens learn what the answers to the real ones need.

They are two linear layers that no checkpoint keeps. Shapes: B sequences, T frames, n patches, D the decoder's width.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

STEP_UNIT = 0.1  # metres and radians: a step's size
WIDTH = 20  # numbers for a patch: flow 8, parallax 8, nearness 4


@dataclass(frozen=True)
class Answers:
    """For frames 1 to T − 1: of each patch (B, T − 1, n, WIDTH), see training.motion; of each step (B, T − 1, 6).

    A step is the pose seen from the frame before: translation in metres, rotation vector in radians.
    """

    patches: Tensor
    step: Tensor


class Lessons(nn.Module):
    """What moves how, asked of image tokens in the middle of the decoder; the last step, asked of the pose token."""

    def __init__(self, dim: int) -> None:
        """Take the decoder's width."""
        super().__init__()
        self.patches = nn.Linear(dim, WIDTH)
        self.step = nn.Linear(dim, 6)
        for layer in (self.patches, self.step):
            nn.init.zeros_(layer.weight)

    def forward(self, tokens: Tensor, pose_tokens: Tensor) -> Answers:
        """Answer from tokens (B, T − 1, n, D) and pose_tokens (B, T − 1, D)."""
        return Answers(self.patches(tokens), self.step(pose_tokens) * STEP_UNIT)
