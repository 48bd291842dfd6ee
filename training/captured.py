# SPDX-License-Identifier: Apache-2.0
"""A step's losses and gradients as one CUDA graph: thousands of small kernels, launched at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ttt3r_ros.model.nested import mapped, tensors

WARM = 3  # runs before it is captured


class Captured:
    """A computation that adds to gradients, played again with other inputs of the same form.

    Inputs and outputs are tensors in tuples and dataclasses.
    """

    def __init__(self, compute: Callable[[Any], Any], weights: list[Tensor], inputs: Any) -> None:
        """Capture it; compute must not wait for the GPU, nor look at numbers. weights: whose gradients it adds to."""
        self._inputs = mapped(inputs, Tensor.clone)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM):
                compute(self._inputs)
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        # Other threads may copy footage meanwhile.
        with torch.cuda.graph(self._graph, stream=side, capture_error_mode='thread_local'):
            torch._foreach_zero_(gradients)
            self._outputs = compute(self._inputs)

    def __call__(self, inputs: Any) -> Any:
        """Set the gradients for these inputs, and return the outputs, which the next call overwrites."""
        torch._foreach_copy_(tensors(self._inputs), tensors(inputs))
        self._graph.replay()
        return self._outputs
