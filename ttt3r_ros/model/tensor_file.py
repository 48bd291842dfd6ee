# SPDX-License-Identifier: Apache-2.0
"""The tensors of a `.safetensors`, read one at a time straight into memory of their own.

safetensors maps the file: a copy of what is mapped stands in memory twice while it loads, and what is left mapped dies
with a file that is written over in place.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

FLOATING = {'F64': torch.float64, 'F32': torch.float32, 'F16': torch.float16, 'BF16': torch.bfloat16}
LENGTH = struct.Struct('<Q')  # of the header, at the file's start


class TensorFile:
    """An open file; `metadata` is its own, text by name. Close it, or use it in a `with`."""

    def __init__(self, path: Path) -> None:
        """Open and check it. Raises OSError, and SafetensorError for what is no whole file of this form."""
        with safe_open(path, framework='pt') as checked:  # offsets and lengths fit each other and the file
            self.metadata: dict[str, str] = checked.metadata() or {}
        self._path = path
        self._file = path.open('rb', buffering=0)
        size, = LENGTH.unpack(self._file.read(LENGTH.size))
        self._start = LENGTH.size + size
        self._entries = json.loads(self._file.read(size))
        self._entries.pop('__metadata__', None)

    def __enter__(self) -> TensorFile:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def names(self) -> list[str]:
        """Return the tensors' names."""
        return list(self._entries)

    def read(self, name: str) -> Tensor:
        """Return a tensor, contiguous. Raises OSError, also where the file has been cut since it was opened."""
        entry = self._entries[name]
        if entry['dtype'] not in FLOATING:
            with safe_open(self._path, framework='pt') as file:
                return file.get_tensor(name).clone()
        tensor = torch.empty(entry['shape'], dtype=FLOATING[entry['dtype']])
        begin, end = entry['data_offsets']
        self._file.seek(self._start + begin)
        rest = memoryview(tensor.view(-1).view(torch.uint8).numpy()) if end > begin else memoryview(b'')
        while rest:
            read = self._file.readinto(rest)
            if not read:
                raise OSError(f'it ends within the tensor {name}')
            rest = rest[read:]
        return tensor
