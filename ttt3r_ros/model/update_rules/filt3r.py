# SPDX-License-Identifier: Apache-2.0
"""FILT3R (arXiv 2603.18493): a Kalman gain for each token."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .contract import UpdateRule, Write, parameter


@dataclass(frozen=True)
class Filt3r(UpdateRule):
    """A scalar Kalman gain per token, from how much its proposals change (FILT3R, arXiv 2603.18493)."""

    name = 'filt3r'
    memory = {'proposed': 'ND', 'mean': '', 'variance': 'N'}
    rate: float = parameter(0.05, 0.0, 1.0, 'rate of the running mean of the change')
    floor: float = parameter(0.01, 1e-6, 1e3, 'lowest value of the running mean')
    noise_low: float = parameter(0.02, 0.0, 10.0, 'process noise of a token that is still')
    noise_span: float = parameter(0.48, 0.0, 10.0, 'process noise that a changing token adds')
    sharpness: float = parameter(20.0, 0.0, 1e3, 'steepness between still and changing')
    threshold: float = parameter(3.0, 0.0, 1e3, 'relative change at which a token counts as changing')
    initial_variance: float = parameter(1.5, 1e-6, 1e3, 'variance after the first, full write')

    def write(self, seen, memory):
        """See UpdateRule."""
        if memory is None:
            # The memory is of one form from the first frame on, as recorded steps need it: below 0, no mean yet.
            return Write(seen.uniform(1.0), {'proposed': seen.proposed, 'mean': seen.proposed.new_full((), -1.0),
                                             'variance': seen.uniform(self.initial_variance)})
        change = (seen.proposed - memory['proposed']).norm(dim=-1)
        mean = change.mean()
        mean = torch.where(memory['mean'] < 0, mean, torch.lerp(memory['mean'], mean, self.rate))
        mean = mean.clamp(min=self.floor)
        noise = self.noise_low + self.noise_span * torch.sigmoid(
            self.sharpness * (change / (mean + 1e-6) - self.threshold))
        predicted = memory['variance'] + noise
        gain = (predicted / (predicted + 1)).clamp(0.01, 0.99)
        variance = ((1 - gain) ** 2 * predicted + gain ** 2).clamp(min=1e-6)
        return Write(gain, {'proposed': seen.proposed, 'mean': mean, 'variance': variance})
