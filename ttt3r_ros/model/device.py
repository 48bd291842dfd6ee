# SPDX-License-Identifier: Apache-2.0
"""Where the network computes, by PyTorch's names."""

from __future__ import annotations

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
