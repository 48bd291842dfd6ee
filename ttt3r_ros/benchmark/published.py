# SPDX-License-Identifier: Apache-2.0
"""The yardstick: the same step, computing what the published code computes for a frame.

All heads run, each layer on the whole image, and double the resolution before they mix channels; each attention of the
decoders makes its whole map, four a layer; and the gate is the mean of maps that are kept, one of each layer. That much
is known of the published code, whose source is not opened here. It keeps all four, which takes memory, not time: here
they are let go, and the one that is kept is made once more, 11 of some 1,600 GFLOP a frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ttt3r_ros.model.heads import OUTPUTS, DptHead, Fusion, doubled
from ttt3r_ros.model.layers import CrossAttention, SelfAttention
from ttt3r_ros.model.network import Encoded, Network
from ttt3r_ros.model.recurrence import Memory, Recurrence, Step
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
        """Keep one layer's map, (B, H, N, 1 + T)."""
        super().observe(query, key)
        if self._with_confidence:
            self._maps.append(query.float() @ key.float().transpose(-1, -2) / query.shape[-1] ** 0.5)

    def confidence(self) -> Tensor | None:
        """Return the same a_i, (B, N), as AttentionStatistics does."""
        if not self._with_confidence:
            return None
        # One by one: all of a published frame's maps at once are half a gigabyte more.
        return torch.sigmoid(torch.stack([kept.mean(dim=(1, 3)) for kept in self._maps]).mean(dim=0))


def mapped_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return the attention of query (B, H, N, d) to key and value (B, H, T, d) by way of its map (B, H, N, T)."""
    return (query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5).softmax(dim=-1) @ value


@contextmanager
def _as_published(network: Network) -> Iterator[None]:
    """Let a network compute as the published code does, and others that share it as ever afterwards."""
    changed = []
    for blocks in (network.dec_blocks, network.dec_blocks_state):
        changed += [(module, 'attend', mapped_attention) for module in blocks.modules()
                    if isinstance(module, (SelfAttention, CrossAttention))]
    changed += [(module, 'enlarge', lambda path, mix=module.out_conv: mix(doubled(path)))
                for module in network.downstream_head.modules() if isinstance(module, Fusion)]
    changed += [(module, 'answer', lambda x, rest=module.head[2:]: rest(x))
                for module in network.downstream_head.modules() if isinstance(module, DptHead)]
    for module, name, function in changed:
        setattr(module, name, function)
    try:
        yield
    finally:
        for module, name, _ in changed:
            delattr(module, name)


class PublishedRecurrence(Recurrence):
    """A step with every output that the network has a head for."""

    observer = AttentionMaps
    played = False

    def look_each(self, encoded: Encoded, memories: tuple[Memory, ...], *, write: bool = True,
                  outputs: frozenset[str] = OUTPUTS, observe: frozenset[str] = frozenset()) -> tuple[Step, ...]:
        """See Recurrence.look_each."""
        with _as_published(self.network):
            return super().look_each(encoded, memories, write=write, outputs=OUTPUTS - self.network.lacking,
                                     observe=observe)


class PublishedReconstructor(Reconstructor):
    """The one loop over the yardstick's step."""

    recurrence = PublishedRecurrence
