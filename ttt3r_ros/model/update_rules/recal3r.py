# SPDX-License-Identifier: Apache-2.0
"""ReCal3R (arXiv 2607.05356): TTT3R's gate, recalibrated by what a frame surprises, and by what a token is good for."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .contract import UpdateRule, Write, parameter


@dataclass(frozen=True)
class Recal3r(UpdateRule):
    """β̃ = a · r · exp(−P): confidence, the frame's residual r, the confidence spent so far P. It holds for tokens that
    have stayed near the segment's start and look at few image tokens; the others get a fixed share.

    The text leaves some things open. Here r compares the mean length of E − O over image tokens with that of E, O is
    taken after the decoder's last norm, and a segment's first frame, written in full, spends nothing.
    """

    name = 'recal3r'
    statistics = frozenset({'confidence', 'entropy'})
    memory = {'spent': 'N'}
    rate: float = parameter(0.05, 0.0, 1.0, 'rate of the running mean of the confidence spent')
    offset: float = parameter(0.2, -1e3, 1e3, 'relative residual of a frame at which half of it is written')
    share: float = parameter(0.1, 0.0, 1.0, 'gate of tokens of which nothing is known')
    own: float = parameter(0.5, 0.0, 1.0, "a token's own share in its gate; the rest is the mean of all")

    def write(self, seen, memory):
        """See UpdateRule."""
        if memory is None:
            spent = torch.zeros_like(seen.confidence)
            stable = torch.full_like(spent, 0.5)
        else:
            spent = torch.lerp(memory['spent'], seen.confidence, self.rate)
            stable = 1 - (_rank((seen.before - seen.start).norm(dim=-1)) + 1) / len(spent)
        residual = (seen.embedded - seen.decoded).norm(dim=-1).mean() / seen.embedded.norm(dim=-1).mean()
        raw = seen.confidence * torch.sigmoid(residual - self.offset) * torch.exp(-spent)
        spread = _rank(seen.entropy) / max(len(spent) - 1, 1)
        fit = stable * (1 - spread)
        reliable = fit / (fit + (1 - stable) * spread + 1e-8)
        reliable = reliable * (2 * reliable - 1) ** 2
        gate = reliable * raw + (1 - reliable) * self.share
        gate = (self.own * gate + (1 - self.own) * gate.mean()).clamp(0, 1)
        return Write(gate, {'spent': spent})


def _rank(values: Tensor) -> Tensor:
    """Return each value's place in ascending order, from 0, (N,)."""
    order = values.argsort(stable=True)
    places = torch.arange(len(values), device=values.device, dtype=values.dtype)
    return torch.empty_like(values).scatter_(0, order, places)
