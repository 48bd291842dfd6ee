# SPDX-License-Identifier: Apache-2.0
"""A network of tensors that come one by one: which belong where, in what number type, and what does not fit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from ttt3r_ros.model.config import ModelConfig
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.published import CheckpointError

# In every published file, read by nothing that we compute.
UNREAD = ('masked_img_token', 'masked_ray_map_token', '.refinenet4.resConfUnit1.')
NAMES_SHOWN = 5

log = logging.getLogger(__name__)


def on_meta(config: ModelConfig) -> Network:
    """Build a network without memory for its weights."""
    with torch.device('meta'):
        return Network(config)


def parameter_groups(network: Network) -> list[list[str]]:
    """Return the names of every parameter, in the state dict's order; most have one, some two."""
    groups: dict[int, list[str]] = {}
    for name, tensor in network.state_dict(keep_vars=True).items():
        groups.setdefault(id(tensor), []).append(name)
    return list(groups.values())


def is_unread(name: str) -> bool:
    return any(part in name for part in UNREAD)


def assemble(path: Path, config: ModelConfig, names: list[str], take: Callable[[str], Tensor], dtype: torch.dtype,
             may_lack_unread: bool = False) -> Network:
    """Build a network of a file's tensors, which `take` gives one by one, for inference in dtype.

    Each is copied to contiguous memory of its own, in the number type that it will be held in: as they come they may
    overlap, and where they lie changes the last bit of a product. There is one set of them, and one tensor more.
    Raises CheckpointError where they do not fit.
    """
    network, there = on_meta(config), set(names)
    shapes, held = network.state_dict(), network.held_in(dtype)
    unexpected = there - set(shapes)
    state, missing, misshapen = {}, [], []
    for group in parameter_groups(network):
        # Of two names for one parameter the later counts.
        present = [name for name in group if name in there]
        expected = shapes[group[-1]]
        if present:
            tensor = take(present[-1])
            if tensor.shape != expected.shape or not tensor.is_floating_point():
                misshapen.append(f'{present[-1]} is {_describe(tensor)}, expected {_describe(expected)}')
                continue
            kind = next((held[name] for name in group if name in held), torch.float32)
            tensor = _own(tensor).to(kind)
        elif may_lack_unread and is_unread(group[-1]):
            tensor = torch.zeros(expected.shape)
        else:
            missing.append(group[-1])
            continue
        state.update((name, tensor) for name in group)
    faults = [f'{len(items)} {what}: {_some(items)}'
              for what, items in (('missing', missing), ('of another shape', misshapen)) if items]
    if faults:
        raise CheckpointError(
            f'{path}: its parameters do not fit the network that it describes; {"; ".join(faults)}')
    if unexpected:
        log.warning('%s: %d parameters are not used: %s', path, len(unexpected), _some(sorted(unexpected)))
    network.load_state_dict(state, assign=True)
    return network


def _own(tensor: Tensor) -> Tensor:
    """Return the tensor in memory that is its own and contiguous: itself, if it has that."""
    whole = tensor.is_contiguous() and tensor.untyped_storage().nbytes() == tensor.nbytes and tensor._base is None
    return tensor if whole else tensor.clone(memory_format=torch.contiguous_format)


def _describe(tensor: Tensor) -> str:
    return f'{tuple(tensor.shape)}' + ('' if tensor.is_floating_point() else f' {tensor.dtype}')


def _some(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ', '.join(names[:NAMES_SHOWN]) + (f' and {more} more' if more > 0 else '')
