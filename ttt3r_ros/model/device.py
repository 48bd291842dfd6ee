# SPDX-License-Identifier: Apache-2.0
"""Where the network computes, by PyTorch's names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

LOST = re.compile('CUDA error|CUDNN_STATUS|CUBLAS_STATUS|HIP error')  # as PyTorch begins what no later call survives
# And what one does: memory that PyTorch does not hand out itself, of a context, a handle or a graph.
FULL = re.compile('(CUDA|HIP) error: out of memory|_STATUS_ALLOC_FAILED')


def resolve_device(device: str) -> str:
    """Return PyTorch's name of a device: 'auto' is the first GPU, or the CPU where there is none."""
    return ('cuda:0' if torch.cuda.is_available() else 'cpu') if device == 'auto' else device


def why_unusable(device: str) -> str | None:
    """Return why PyTorch cannot compute on a device, with the remedy, or None if it can."""
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = first_line(error).partition('. ')[0]
        return f'device {device!r} cannot be used ({reason}): take cpu, cuda, cuda:1, … or auto'
    return None


def is_full(error: BaseException) -> bool:
    """Say whether an error is of a device that is out of memory: what needs less may still be done."""
    return isinstance(error, torch.cuda.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and FULL.search(str(error)) is not None)


def why_it_failed(error: BaseException) -> str | None:
    """Return in words what has become of the device if an error says that it computes no more, else None."""
    if is_full(error):
        return f'the device is out of memory ({first_line(error)}); end what else is on it, or take a smaller network'
    if isinstance(error, RuntimeError) and LOST.search(str(error)):
        return (f'the device is lost ({first_line(error)}), to this process for good; see dmesg, and nvidia-smi if '
                'it is still there')
    return None


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says: PyTorch may go on for a page."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


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
