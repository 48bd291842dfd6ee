# SPDX-License-Identifier: Apache-2.0
"""The node on a device that fails, as PyTorch tells it, at what the file FAILS says, while it is there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

import ttt3r_ros.ros.node as node
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.ros.main import main

FAILS = Path(os.environ['FAILS'])


def error() -> RuntimeError:
    """Return what the file says: PyTorch's error for a full device, or for a lost one."""
    if 'full' in FAILS.read_text():
        return torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has …\nmore')
    return RuntimeError('CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be …')


def failing(function, when):
    """Return a function that fails while the file is there and says so."""
    def tried(*arguments, **options):
        if FAILS.exists() and FAILS.read_text() in when:
            raise error()
        return function(*arguments, **options)

    return tried


if __name__ == '__main__':
    Reconstructor.stepping = failing(Reconstructor.stepping, ('full', 'lost'))
    Reconstructor.query = failing(Reconstructor.query, ('query full', 'query lost'))
    Reconstructor.snapshot = failing(Reconstructor.snapshot, ('lost',))
    node.load_network = failing(node.load_network, ('lost', 'full at the start'))
    sys.exit(main())
