# SPDX-License-Identifier: Apache-2.0
"""Weights of products on a CPU in the order in which oneDNN reads them, put there once and not in every call."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

# Weights of a layer from which on it pays: in a smaller one the call itself takes the time (docs/performance.md).
PAYS = 1 << 19
# PyTorch's own compiler makes its calls of these two; an older one lacks them, or was built without oneDNN.
PRODUCT = getattr(torch.ops.mkldnn, '_linear_pointwise', None)
_REORDER = getattr(torch.ops.mkldnn, '_reorder_linear_weight', None)

loads = 0  # of other numbers into packed weights: whoever holds packed ones has those of before


def pays(weight: Tensor) -> bool:
    """Say whether weight (out, in) gains by being packed: it is large, of float32, on a CPU, and PyTorch can.

    One that is learnt is not packed: it has no gradient then. In bfloat16 a product gains half as much, and to pack
    takes as long as to load the file.
    """
    return (PRODUCT is not None and _REORDER is not None and torch.backends.mkldnn.is_available()
            and weight.device.type == 'cpu' and weight.dtype == torch.float32 and weight.numel() >= PAYS
            and not weight.requires_grad)


def packed(weight: Tensor) -> Tensor:
    """Return weight (out, in) packed: of the same shape and type, but opaque."""
    return _REORDER(weight.contiguous())


def loaded() -> None:
    """Say that a layer whose weights are packed is given others."""
    global loads
    loads += 1


def product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return x (..., in) times packed weight (out, in), plus bias (out,)."""
    if torch._C._get_tracing_state() is not None:
        return _graph()(x, weight, bias)
    return PRODUCT(x, weight, bias, 'none', [], '')


@cache
def _graph() -> Callable[..., Tensor]:
    """Return the same call as a graph: what TorchScript traces it cannot read the empty list out of."""
    return torch._C._create_function_from_graph('packed_product', torch._C.parse_ir('''
        graph(%x : Tensor, %weight : Tensor, %bias : Tensor?):
          %after : str = prim::Constant[value="none"]()
          %scalars : Scalar?[] = prim::ListConstruct()
          %algorithm : str = prim::Constant[value=""]()
          %y : Tensor = mkldnn::_linear_pointwise(%x, %weight, %bias, %after, %scalars, %algorithm)
          return (%y)'''))
