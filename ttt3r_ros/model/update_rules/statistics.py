# SPDX-License-Identifier: Apache-2.0
"""What rules ask of the state decoder's cross-attention, gathered while it runs."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ttt3r_ros.model.layers import sizes

ROWS = 64  # of an attention map that are made at a time: they stay in a processor's cache


class AttentionStatistics:
    """Means of the state decoder's cross-attention logits q·k/√d, and of their entropy."""

    def __init__(self, wanted: frozenset[str], layers: int) -> None:
        """Take what to gather and how many layers there are.

        'confidence': the mean over image tokens; 'logits': the whole matrix; 'entropy': how evenly tokens are looked
        at. The last two make attention maps; the first does not.
        """
        self._wanted = wanted
        self._layers = layers
        self._scale = 1.0
        self._mean: Tensor | float = 0.0
        self._logits: Tensor | float = 0.0
        self._entropy: Tensor | float = 0.0

    def observe(self, query: Tensor, key: Tensor) -> None:
        """Add one layer: query (B, H, N, d), key (B, H, 1 + T, d), the pose token's key first."""
        _, heads, _, width = sizes(query)
        self._scale = 1 / (heads * width ** 0.5 * self._layers)  # the same for all
        query, key = query.float(), key.float()
        if 'confidence' in self._wanted:
            # The mean over keys is linear: one mean key a head stands for the whole attention map.
            self._mean = self._mean + (query * key.mean(dim=2, keepdim=True)).sum(dim=(1, 3))
        if 'entropy' in self._wanted:
            entropy = torch.stack([*map(_entropy, query, key[:, :, 1:])])
            self._entropy = self._entropy + entropy / (self._layers * heads)
        if 'logits' in self._wanted:
            # The sum over heads is one product over all channels.
            query, key = (x.transpose(1, 2).flatten(2) for x in (query, key[:, :, 1:]))
            self._logits = self._logits + query @ key.transpose(1, 2)

    def confidence(self) -> Tensor | None:
        """Return a_i = σ(mean logit), (B, N), TTT3R eq. 7–8, or None if it was not asked for."""
        return torch.sigmoid(self._mean * self._scale) if 'confidence' in self._wanted else None

    def logits(self) -> Tensor | None:
        """Return the logits averaged over layers and heads, (B, N, T), or None if they were not asked for."""
        return self._logits * self._scale if 'logits' in self._wanted else None

    def entropy(self) -> Tensor | None:
        """Return the entropy of the attention over image tokens, as a share of the largest there can be, averaged over
        layers and heads, (B, N), or None if it was not asked for."""
        return self._entropy if 'entropy' in self._wanted else None


def _entropy(query: Tensor, key: Tensor) -> Tensor:
    """Return each query's normalised entropy, summed over heads, (N,); query (H, N, d), key (H, T, d)."""
    keys = key.transpose(1, 2)
    entropies = []
    for part in (query / (sizes(query)[2] ** 0.5 * math.log(2))).split(ROWS, dim=1):
        logits = part @ keys
        logits -= logits.amax(dim=2, keepdim=True)
        weights = logits.exp2()  # base 2 is twice as quick
        mass = weights.sum(dim=2)
        entropies.append((mass.log2() - torch.linalg.vecdot(weights, logits) / mass).sum(dim=0))
    return torch.cat(entropies) / math.log2(max(sizes(key)[1], 2))
