# SPDX-License-Identifier: Apache-2.0
"""The transformer blocks as compiled code, one by one: the whole network at once takes minutes and twice the memory."""

from __future__ import annotations

import inspect

import torch

from ttt3r_ros.model.layers import DecoderBlock, EncoderBlock
from ttt3r_ros.model.network import Network

SIZES = 64  # of inputs that a block may be compiled for: encoder, decoders, pose memory, each image size


def compile_blocks(network: Network) -> None:
    """Let each block be compiled where it first meets an input's size, which takes seconds and a C++ compiler."""
    network.compiled = True
    network.unpack()  # the compiler cannot look into packed weights
    options = {}
    if 'recompile_limit' in inspect.signature(torch.compile).parameters:
        options['recompile_limit'] = SIZES  # the global limit would be this thread's
    else:  # PyTorch 2.11 and before
        torch._dynamo.config.recompile_limit = max(SIZES, torch._dynamo.config.recompile_limit)
    for module in network.modules():
        if isinstance(module, (EncoderBlock, DecoderBlock)):
            module.compile(dynamic=False, **options)
