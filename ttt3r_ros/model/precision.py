# SPDX-License-Identifier: Apache-2.0
"""The number type that the network's products are computed in, and which one a device is quick with."""

from __future__ import annotations

import torch

AUTO = 'auto'
DTYPES = {'float32': torch.float32, 'bfloat16': torch.bfloat16, 'float16': torch.float16}
PRECISIONS = (AUTO, *DTYPES)
CUDA_WITH_BFLOAT16 = (8, 0)  # compute capability, from Ampere on
CPU_WITH_BFLOAT16 = ('amx_bf16', 'avx512_bf16')
# Channels from which on a CPU gains: with AMX a network of 128 took 1.24 times as long in bfloat16, where converting
# costs more than products gain, and the published one of 768 took 0.4 times as long. Between nobody has measured.
WIDE = 512


class PrecisionError(ValueError):
    """A precision that there is not; the message says which there are."""


def require_known(precision: str) -> None:
    """Raise PrecisionError unless it is one of PRECISIONS."""
    if precision not in PRECISIONS:
        raise PrecisionError(f'precision {precision!r} is unknown: take one of {", ".join(PRECISIONS)}')


def resolve(precision: str, device: str | torch.device, width: int) -> torch.dtype:
    """Return the number type that a precision, one of PRECISIONS, stands for on a device.

    width: channels of the network's decoder. 'auto' is bfloat16 where the hardware multiplies it and it pays: CUDA from
    compute capability 8.0 on, a CPU with AMX or AVX512-BF16 for a network of at least WIDE. Elsewhere it is float16 on
    CUDA and float32 on a CPU. It goes by hardware and size, not by a clock, so that two runs compute alike.
    Raises PrecisionError.
    """
    require_known(precision)
    if precision != AUTO:
        return DTYPES[precision]
    if torch.device(device).type == 'cuda':
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= CUDA_WITH_BFLOAT16 else torch.float16
    # Older PyTorch does not tell what the CPU can do.
    able = getattr(torch.cpu, 'get_capabilities', dict)()
    quick = width >= WIDE and any(able.get(feature) for feature in CPU_WITH_BFLOAT16)
    return torch.bfloat16 if quick else torch.float32
