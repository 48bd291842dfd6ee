# SPDX-License-Identifier: Apache-2.0
"""The number type that the network's products are computed in, and which one a device is quick with."""

from __future__ import annotations

import torch

AUTO = 'auto'
DTYPES = {'float32': torch.float32, 'bfloat16': torch.bfloat16, 'float16': torch.float16}
PRECISIONS = (AUTO, *DTYPES)
CUDA_WITH_BFLOAT16 = (8, 0)  # compute capability, from Ampere on
CPU_WITH_BFLOAT16 = ('amx_bf16', 'avx512_bf16')


class PrecisionError(ValueError):
    """A precision that there is not; the message says which there are."""


def resolve(precision: str, device: str | torch.device) -> torch.dtype:
    """Return the number type that a precision, one of PRECISIONS, stands for on a device.

    'auto' is bfloat16 where the hardware multiplies it: CUDA from compute capability 8.0 on, a CPU with AMX or
    AVX512-BF16. Elsewhere it is float16 on CUDA and float32 on a CPU, which would only emulate the others.
    Raises PrecisionError.
    """
    if precision not in PRECISIONS:
        raise PrecisionError(f'precision {precision!r} is unknown: take one of {", ".join(PRECISIONS)}')
    if precision != AUTO:
        return DTYPES[precision]
    if torch.device(device).type == 'cuda':
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= CUDA_WITH_BFLOAT16 else torch.float16
    # Older PyTorch does not tell what the CPU can do.
    able = getattr(torch.cpu, 'get_capabilities', dict)()
    return torch.bfloat16 if any(able.get(feature) for feature in CPU_WITH_BFLOAT16) else torch.float32
