# SPDX-License-Identifier: Apache-2.0
"""How much a step computes, and how many of a CPU's cores that is worth."""

from __future__ import annotations

import logging
import math
import weakref
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ttt3r_ros.model import packing
from ttt3r_ros.model.tracing import suspended

logger = logging.getLogger(__name__)

# Below this a second core saves next to nothing and costs all its own time (docs/performance.md).
GFLOP_PER_THREAD = 1.0
AVAILABLE = torch.get_num_threads()  # PyTorch's own choice, a core each, or OMP_NUM_THREADS
# What a call multiplies and adds up, as two operations each, from its result and its arguments.
COUNTED = {
    **dict.fromkeys((functional.linear, packing.PRODUCT),
                    lambda out, x, weight, *_: 2 * out.numel() * weight.shape[-1]),
    functional.conv2d: lambda out, x, weight, *_: 2 * out.numel() * weight[0].numel(),
    functional.conv_transpose2d: lambda out, x, weight, *_: 2 * x.numel() * weight[0].numel(),
    functional.scaled_dot_product_attention:
        lambda out, q, k, v, *_: 2 * out[..., 0].numel() * k.shape[-2] * (q.shape[-1] + v.shape[-1]),
} | dict.fromkeys((torch.matmul, torch.mm, torch.bmm, Tensor.matmul, Tensor.__matmul__),
                  lambda out, a, b: 2 * out.numel() * a.shape[-1])

_ours: int | None = None  # the number that was set here last
_judged: weakref.WeakSet = weakref.WeakSet()  # networks


class _Counter(TorchFunctionMode):
    """Unlike PyTorch's own counter it imports no compiler: 800 modules, 70 MB and a second and a half."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        if function in COUNTED:
            self.operations += COUNTED[function](out, *args)
        return out


def gflop(work: Callable[[], object]) -> float:
    """Do some work and return its products, convolutions and attention, GFLOP.

    Operands are taken as PyTorch's modules pass them, by position.
    """
    with _Counter() as counter, suspended():
        work()
    return counter.operations / 1e9


def limit_threads(step: Callable[[], object], network: object = None) -> int:
    """Do a step and let the process compute later ones in as many threads as they are worth; return how many.

    It goes by work, not by time: the same network answers to the bit the same in every run. network: whose step it is,
    for `limit_if_nobody_has`.
    """
    threads = use_threads(max(1, min(math.ceil(gflop(step) / GFLOP_PER_THREAD), AVAILABLE)))
    if network is not None:
        _judged.add(network)
    return threads


def use_threads(number: int) -> int:
    """Let the process compute in so many threads from now on; return how many it does."""
    global _ours
    torch.set_num_threads(number)
    _ours = torch.get_num_threads()
    return _ours


def allow_threads(most: int) -> None:
    """Let the process compute in at most so many threads, and each network be looked at anew.

    A process that answers one camera after another then computes each as a process of its own would.
    """
    global AVAILABLE
    torch.set_num_threads(most)
    AVAILABLE = torch.get_num_threads()
    _judged.clear()


def limit_if_nobody_has(network: object, step: Callable[[], object]) -> None:
    """Limit the threads for a network that has not been looked at, unless somebody has set another number himself.

    On a busy machine a second thread that gains nothing costs: each product waits for the one that has no core.
    """
    if network in _judged or torch.get_num_threads() not in (AVAILABLE, _ours) or AVAILABLE == 1:
        return
    threads = limit_threads(step, network)
    if threads < AVAILABLE:
        logger.info('computing in %d of %d threads, which is what a step is worth; torch.set_num_threads sets another '
                    'number', threads, AVAILABLE)
