# SPDX-License-Identifier: Apache-2.0
"""How weights are moved: Muon for the matrices of the blocks that see and decode, AdamW for all else.

Muon: Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural networks"; the length of its moves after
Liu et al. (arXiv 2502.16982), so that one learning rate serves both. PyTorch's own computes in bfloat16, which takes as
long as a whole step of ours on a CPU without it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ttt3r_ros.model.network import Network

DECAY = 0.02
MOMENTUM = 0.95
QUINTIC = (3.4445, -4.7750, 2.0315)  # pushes singular values of 0 to 1 towards 1, quickly and roughly
ITERATIONS = 5
ADAM_LENGTH = 0.2  # root mean square of AdamW's moves, in learning rates


def orthogonal(matrix: Tensor) -> Tensor:
    """Return matrices (..., m, n) with their singular values near 1; a zero stays one.

    Those above a three hundredth of its norm come out between 0.68 and 1.14, smaller ones smaller.
    """
    if matrix.shape[-2] > matrix.shape[-1]:  # products are of the shorter side
        return orthogonal(matrix.mT).mT
    wide = matrix / matrix.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-12)
    a, b, c = QUINTIC
    for _ in range(ITERATIONS):
        gram = wide @ wide.mT
        wide = a * wide + (b * gram + c * gram @ gram) @ wide
    return wide


class Muon(torch.optim.Optimizer):
    """Momentum whose every move is an orthogonal matrix: rare directions count as much as frequent ones."""

    def __init__(self, matrices: list[Tensor], lr: float) -> None:
        """Take matrices (m, n), each with its gradient at every step."""
        super().__init__(matrices, {'lr': lr})

    @torch.no_grad()
    def step(self) -> None:
        """Move every matrix once."""
        for group in self.param_groups:
            alike: dict[torch.Size, list[Tensor]] = {}
            for weight in group['params']:
                alike.setdefault(weight.shape, []).append(weight)
            for weights in alike.values():
                self._move(weights, group['lr'])

    def _move(self, weights: list[Tensor], rate: float) -> None:
        """Move matrices of one shape, together: a GPU would wait for each by itself."""
        for weight in weights:
            if not self.state[weight]:
                self.state[weight]['momentum'] = torch.zeros_like(weight)
        momenta, gradients = [self.state[weight]['momentum'] for weight in weights], [w.grad for w in weights]
        torch._foreach_lerp_(momenta, gradients, 1 - MOMENTUM)
        moves = orthogonal(torch.lerp(torch.stack(gradients), torch.stack(momenta), MOMENTUM))  # Nesterov's
        torch._foreach_mul_(weights, 1 - rate * DECAY)
        torch._foreach_add_(weights, list(moves), alpha=-rate * ADAM_LENGTH * max(weights[0].shape) ** 0.5)


def optimizers_of(learned: nn.ModuleDict, learning_rate: float) -> list[torch.optim.Optimizer]:
    """Return Muon and AdamW for {'network', 'lessons'}; only matrices decay, tables of tokens do not."""
    network: Network = learned['network']
    hidden = {id(p) for blocks in (network.enc_blocks, network.dec_blocks, network.dec_blocks_state)
              for p in blocks.parameters() if p.dim() == 2}
    rest = {name: p for name, p in learned.named_parameters() if id(p) not in hidden}
    decays = {name: p.dim() == 2 and 'token' not in name for name, p in rest.items()}
    groups = [{'params': [p for name, p in rest.items() if decays[name] is wanted], 'weight_decay': decay}
              for wanted, decay in ((True, DECAY), (False, 0.0))]
    return [Muon([p for p in learned.parameters() if id(p) in hidden], learning_rate),
            torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.98), fused=True)]
