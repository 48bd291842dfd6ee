# SPDX-License-Identifier: Apache-2.0
"""TTSA3R (arXiv 2601.22615): what changes in time, and looks at what changes in the image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import cosine_similarity

from .contract import UpdateRule, Write, parameter


@dataclass(frozen=True)
class Ttsa3r(UpdateRule):
    """Write what changes in time and looks at what changes in the image (TTSA3R, arXiv 2601.22615)."""

    name = 'ttsa3r'
    statistics = frozenset({'logits'})
    memory = {'proposed': 'ND', 'features': 'TE'}
    offset: float = parameter(1.5, 0.0, 1e3, 'relative change of a token at which half of it is written')

    def write(self, seen, memory):
        """See UpdateRule."""
        # A new image size has other tokens: there is nothing to compare with.
        if memory is None or memory['features'].shape != seen.features.shape:
            return Write(seen.uniform(1.0), {'proposed': seen.proposed, 'features': seen.features})
        change = (seen.proposed - memory['proposed']).norm(dim=-1)
        temporal = torch.sigmoid(change / change.mean().clamp(min=1e-12) - self.offset)
        moved = 1 - cosine_similarity(seen.features, memory['features'], dim=-1)
        spatial = torch.sigmoid((seen.logits.abs() * moved).amax(dim=-1))
        return Write(temporal * spatial, {'proposed': seen.proposed, 'features': seen.features})
