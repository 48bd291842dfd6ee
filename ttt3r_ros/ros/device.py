# SPDX-License-Identifier: Apache-2.0
"""Can the network run here, and compiled, and does it still? What cannot be is told in words."""

from __future__ import annotations

from ttt3r_ros.model.compiling import compile_blocks
from ttt3r_ros.model.device import FULL, first_line, why_it_failed, why_unusable
from ttt3r_ros.model.network import Network
from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.ros.parameters import SettingsError


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
        reason = first_line(error)
        raise SettingsError(f'the network cannot be compiled here ({reason}): install a C++ compiler '
                                       '(apt install g++), or set compile to false') from error


def require(device: str) -> None:
    """Raise SettingsError unless PyTorch can compute there, DeviceError where it could if the device were not full."""
    if why := why_unusable(device):
        raise DeviceError(why) if FULL.search(why) else SettingsError(why)


def failure(error: BaseException) -> str | None:
    """Return in words what has become of the device if an error says that it computes no more, else None."""
    return str(error) if isinstance(error, DeviceError) else why_it_failed(error)
