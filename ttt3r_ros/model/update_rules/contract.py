# SPDX-License-Identifier: Apache-2.0
"""What every update rule sees and answers: S ← g⊙Ŝ + (1 − g)⊙S, with a gate g of each state token or channel.

Shapes: N state tokens, T image tokens, D decoder width, E encoder width.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import ClassVar

import torch
from torch import Tensor

from ttt3r_ros.model.layers import sizes

RuleMemory = dict[str, Tensor]


class UpdateRuleError(ValueError):
    """An unknown rule or a parameter out of its range; the message says what is allowed."""


@dataclass(frozen=True)
class Observation:
    """What a rule may look at: one frame's proposal, what it would be written over, and where it came from.

    proposed Ŝ (N, D); before (N, D), the state that the frame met; start S₀ (N, D), the state at the segment's start;
    features (T, E), the encoder's tokens; embedded (T, D), the decoder's view of them; decoded (T, D), what the last
    decoder layer makes of them, normalised, as the heads read it.
    confidence (N,), logits (N, T) and entropy (N,): of AttentionStatistics, None unless the rule's `statistics` name
    them.
    """

    proposed: Tensor
    before: Tensor
    start: Tensor
    features: Tensor
    embedded: Tensor
    decoded: Tensor
    confidence: Tensor | None = None
    logits: Tensor | None = None
    entropy: Tensor | None = None

    def uniform(self, value: float) -> Tensor:
        """Return the same gate for every token, (N,)."""
        return torch.full(sizes(self.proposed)[:1], value, device=self.proposed.device)


@dataclass(frozen=True)
class Write:
    """What a rule answers.

    gate (N,) or (N, D), in [0, 1]; memory, to be given with the next frame; proposed (N, D), what is written in place
    of the frame's own proposal, if anything. On a segment's first frame the frame's own proposal is written in full,
    whatever the rule says.
    """

    gate: Tensor
    memory: RuleMemory = field(default_factory=dict)
    proposed: Tensor | None = None


def parameter(default: float, low: float, high: float, text: str) -> float:
    """Declare a rule's parameter with its range and a description."""
    return field(default=default, metadata={'low': low, 'high': high, 'text': text})


@dataclass(frozen=True)
class UpdateRule:
    """Base of all rules: the field's name, parameters as fields, and a memory that starts afresh with every segment."""

    name: ClassVar[str]
    statistics: ClassVar[frozenset[str]] = frozenset()
    memory: ClassVar[dict[str, str]] = {}  # what is kept from frame to frame: its shape, in the letters above, by name

    def __post_init__(self) -> None:
        """Raise UpdateRuleError where a parameter is outside its range."""
        for f in fields(self):
            if 'low' in f.metadata and not f.metadata['low'] <= getattr(self, f.name) <= f.metadata['high']:
                raise UpdateRuleError(f'{self.name}.{f.name} = {getattr(self, f.name)} is outside '
                                      f'[{f.metadata["low"]}, {f.metadata["high"]}]')

    def __str__(self) -> str:
        """Return the name, and the parameters where there are any."""
        values = ', '.join(f'{f.name} {getattr(self, f.name):g}' for f in fields(self) if f.metadata)
        return f'{self.name} ({values})' if values else self.name

    def write(self, seen: Observation, memory: RuleMemory | None) -> Write:
        """Return what to write of a frame.

        memory is None on the first frame that this rule sees in a segment. The arguments are not changed, so that a
        frame can still be refused.
        """
        raise NotImplementedError
