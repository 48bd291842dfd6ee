# SPDX-License-Identifier: Apache-2.0
"""Where the network computes, by PyTorch's names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def resolve_device(device: str) -> str:
    """Return PyTorch's name of a device: 'auto' is the first GPU, or the CPU where there is none."""
    return ('cuda:0' if torch.cuda.is_available() else 'cpu') if device == 'auto' else device


def why_unusable(device: str) -> str | None:
    """Return why PyTorch cannot compute on a device, with the remedy, or None if it can."""
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].partition('. ')[0]  # PyTorch may go on for a page
        return f'device {device!r} cannot be used ({reason}): take cpu, cuda, cuda:1, … or auto'
    return None


@contextmanager
def float32_convolutions(device: torch.device) -> Iterator[None]:
    """Let convolutions of float32 keep its 24 bits on a GPU: by PyTorch's default cuDNN may round to TF32, of 11, which
    only products of matrices do not. Those of fewer bits are as ever."""
    if device.type != 'cuda':
        yield
        return
    before, torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.allow_tf32, False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before
