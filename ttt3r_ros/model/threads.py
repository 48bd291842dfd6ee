# SPDX-License-Identifier: Apache-2.0
"""How much a step computes, and how many of a CPU's cores that is worth."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

# Below this a second core saves next to nothing and costs all its own time (docs/performance.md).
GFLOP_PER_THREAD = 1.0
AVAILABLE = torch.get_num_threads()  # PyTorch's own choice, a core each, or OMP_NUM_THREADS
# PyTorch's counter knows attention on CUDA only.
ATTENTION = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu:
             lambda q, k, v, *_, out_shape=None, **__: sdpa_flop_count(q, k, v)}


def gflop(work: Callable[[], object]) -> float:
    """Do some work and return its products, convolutions and attention, GFLOP."""
    with FlopCounterMode(display=False, custom_mapping=ATTENTION) as counter:
        work()
    return counter.get_total_flops() / 1e9


def limit_threads(step: Callable[[], object]) -> int:
    """Do a step and let the process compute later ones in as many threads as they are worth; return how many.

    It goes by work, not by time: the same network answers to the bit the same in every run.
    """
    torch.set_num_threads(max(1, min(math.ceil(gflop(step) / GFLOP_PER_THREAD), AVAILABLE)))
    return torch.get_num_threads()
