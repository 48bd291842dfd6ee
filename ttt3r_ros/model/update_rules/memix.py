# SPDX-License-Identifier: Apache-2.0
"""MeMix (arXiv 2603.15330): a modifier of any rule."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from .contract import UpdateRule, parameter

MEMIX_SUFFIX = '+memix'


@dataclass(frozen=True)
class Memix(UpdateRule):
    """Another rule, with the highest-scoring tokens left unwritten (MeMix, arXiv 2603.15330)."""

    rule: UpdateRule
    written: float = parameter(708 / 768, 0.0, 1.0, 'share of the tokens that are written')

    @property
    def name(self) -> str:
        """Return the inner rule's name with the suffix."""
        return self.rule.name + MEMIX_SUFFIX

    @property
    def statistics(self) -> frozenset[str]:
        """Return what the inner rule needs."""
        return self.rule.statistics

    @property
    def memory(self) -> dict[str, str]:
        """Return what the inner rule keeps."""
        return self.rule.memory

    def write(self, seen, memory):
        """See UpdateRule."""
        inner = self.rule.write(seen, memory)
        score = seen.proposed @ seen.embedded.mean(dim=0)
        lowest = score.argsort()[:round(self.written * len(score))]
        return replace(inner, gate=torch.zeros_like(inner.gate).index_copy(0, lowest, inner.gate[lowest]))
