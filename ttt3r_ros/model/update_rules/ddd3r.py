# SPDX-License-Identifier: Apache-2.0
"""Rules of DDD3R, a public fork of TTT3R (2026), from their formulas: damping by the direction of the change.

δ_t = Ŝ_t − S_{t−1}, one vector a token. A segment's first frame is written in full and leaves no δ.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import cosine_similarity, normalize

from .contract import UpdateRule, Write, parameter


@dataclass(frozen=True)
class Brake(UpdateRule):
    """TTT3R's gate, less where a token changes the way that it changed before: a · σ(−τ cos(δ_t, δ_{t−1}))."""

    name = 'brake'
    statistics = frozenset({'confidence'})
    memory = {'change': 'ND'}
    tau: float = parameter(1.0, 0.0, 1e3, 'how strongly a change in the direction of the last one is braked')

    def write(self, seen, memory):
        """See UpdateRule."""
        if memory is None:
            # Nothing has a cosine of 0: the factor of the second frame is one half.
            return Write(seen.confidence, {'change': torch.zeros_like(seen.proposed)})
        change = seen.proposed - seen.before
        factor = torch.sigmoid(-self.tau * cosine_similarity(change, memory['change'], dim=-1))
        return Write(seen.confidence * factor, {'change': change})


@dataclass(frozen=True)
class Ortho(UpdateRule):
    """TTT3R's gate on a change whose drift, the part along its lasting direction, is damped most."""

    name = 'ortho'
    statistics = frozenset({'confidence'})
    memory = {'direction': 'ND'}
    rate: float = parameter(0.05, 1e-6, 1.0, "rate at which a token's lasting direction follows its changes")
    novel: float = parameter(0.5, 0.0, 1.0, 'share of the change across the lasting direction that is proposed')
    drift: float = parameter(0.05, 0.0, 1.0, 'share of the change along the lasting direction that is proposed')

    def write(self, seen, memory):
        """See UpdateRule."""
        if memory is None:
            return Write(seen.confidence, {'direction': torch.zeros_like(seen.proposed)})
        change = seen.proposed - seen.before
        # Where there was no direction, the change gives it.
        direction = normalize(torch.lerp(memory['direction'], normalize(change, dim=-1), self.rate), dim=-1)
        drift = (change * direction).sum(dim=-1, keepdim=True) * direction
        proposed = seen.before + self.novel * (change - drift) + self.drift * drift
        return Write(seen.confidence, {'direction': direction}, proposed)
