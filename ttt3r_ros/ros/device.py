# SPDX-License-Identifier: Apache-2.0
"""Can the network run here, and compiled, and does it still? What cannot be is told in words."""

from __future__ import annotations

import re

import torch

from ttt3r_ros.model.compiling import compile_blocks
from ttt3r_ros.model.device import why_unusable
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.ros.parameters import SettingsError

LOST = re.compile('CUDA error|CUDNN_STATUS|CUBLAS_STATUS|HIP error')  # as PyTorch begins what no later call survives
# And what one does: memory that PyTorch does not hand out itself, of a context, a handle or a graph.
FULL = re.compile('(CUDA|HIP) error: out of memory|_STATUS_ALLOC_FAILED')


class DeviceError(RuntimeError):
    """What the device cannot do; the message says why, and what to do."""


def compile_for(network: Network, reconstructor: Reconstructor, size: tuple[int, int]) -> None:
    """Compile for images of a size's (H, W) shape. Raises SettingsError where that cannot be, and what a
    device fails with."""
    try:
        compile_blocks(network)
        reconstructor.warm_up(size, 2)  # the second is another computation than the first
    except NonFinitePrediction:
        raise
    except Exception as error:  # PyTorch raises many kinds
        if failure(error) is not None:
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SettingsError(f'the network cannot be compiled here ({reason}): install a C++ compiler '
                                       '(apt install g++), or set compile to false') from error


def require(device: str) -> None:
    """Raise SettingsError unless PyTorch can compute there, DeviceError where it could if the device were not full."""
    if why := why_unusable(device):
        raise DeviceError(why) if FULL.search(why) else SettingsError(why)


def is_full(error: BaseException) -> bool:
    """Say whether an error is of a device that is out of memory: what needs less may still be done."""
    return isinstance(error, torch.cuda.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and FULL.search(str(error)) is not None)


def failure(error: BaseException) -> str | None:
    """Return in words what has become of the device if an error says that it computes no more, else None."""
    if is_full(error):
        return f'the device is out of memory ({_first_line(error)}); end what else is on it, or take a smaller network'
    if isinstance(error, RuntimeError) and LOST.search(str(error)):
        return (f'the device is lost ({_first_line(error)}), to this process for good; see dmesg, and nvidia-smi if '
                'it is still there')
    return str(error) if isinstance(error, DeviceError) else None


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
