# SPDX-License-Identifier: Apache-2.0
"""The yardstick: the same step, computing what the published code computes for a frame.

All heads run, and the gate is the mean of attention maps that are made and kept, a whole one of each layer and head.
That much is known of the published code, whose source is not opened here. Here the maps come beside the fused
attention, not in its place: 11 of some 1,600 GFLOP a frame are done twice.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ttt3r_ros.model.heads import OUTPUTS
from ttt3r_ros.model.network import Encoded
from ttt3r_ros.model.recurrence import Recurrence, Step
from ttt3r_ros.model.update_rules import AttentionStatistics
from ttt3r_ros.reconstruction.reconstructor import Reconstructor


class AttentionMaps(AttentionStatistics):
    """The confidence from whole maps of logits; the other statistics as ever."""

    def __init__(self, wanted: frozenset[str], layers: int) -> None:
        """Take what to gather and the number of layers."""
        super().__init__(wanted - {'confidence'}, layers)
        self._with_confidence = 'confidence' in wanted
        self._maps: list[Tensor] = []

    def observe(self, query: Tensor, key: Tensor) -> None:
        """Keep one layer's map, (1, H, N, 1 + T)."""
        super().observe(query, key)
        if self._with_confidence:
            self._maps.append(query.float() @ key.float().transpose(-1, -2) / query.shape[-1] ** 0.5)

    def confidence(self) -> Tensor | None:
        """Return the same a_i, (N,), as AttentionStatistics does."""
        return torch.sigmoid(torch.stack(self._maps).mean(dim=(0, 2, 4))[0]) if self._with_confidence else None


class PublishedRecurrence(Recurrence):
    """A step with every output that the network has a head for."""

    observer = AttentionMaps
    recorded = False

    def look(self, encoded: Encoded, *, write: bool = True, outputs: frozenset[str] = OUTPUTS,
             observe: frozenset[str] = frozenset()) -> Step:
        """See Recurrence.look."""
        return super().look(encoded, write=write, outputs=OUTPUTS - self.network.lacking, observe=observe)


class PublishedReconstructor(Reconstructor):
    """The one loop over the yardstick's step."""

    recurrence = PublishedRecurrence
