# SPDX-License-Identifier: Apache-2.0
"""Rules without a memory: in full, by confidence, a constant share, one gate a frame."""

from __future__ import annotations

from dataclasses import dataclass

from .contract import UpdateRule, Write, parameter


@dataclass(frozen=True)
class Ttt3r(UpdateRule):
    """Write by the attention's own confidence (TTT3R, arXiv 2509.26645, eq. 7–8)."""

    name = 'ttt3r'
    statistics = frozenset({'confidence'})

    def write(self, seen, memory):
        """See UpdateRule."""
        return Write(seen.confidence)


@dataclass(frozen=True)
class Cut3r(UpdateRule):
    """Write the proposal in full (CUT3R)."""

    name = 'cut3r'

    def write(self, seen, memory):
        """See UpdateRule."""
        return Write(seen.uniform(1.0))


@dataclass(frozen=True)
class Constant(UpdateRule):
    """Write the same share of every token (ablation)."""

    name = 'constant'
    share: float = parameter(0.35, 0.0, 1.0, 'share of the proposal that is written')

    def write(self, seen, memory):
        """See UpdateRule."""
        return Write(seen.uniform(self.share))


@dataclass(frozen=True)
class PerFrame(UpdateRule):
    """One gate a frame, the mean of TTT3R's (the DeltaNet and Mamba-2 family)."""

    name = 'frame'
    statistics = frozenset({'confidence'})

    def write(self, seen, memory):
        """See UpdateRule."""
        return Write(seen.confidence.mean().expand_as(seen.confidence))
