# SPDX-License-Identifier: Apache-2.0
"""Data sets on users' disks, found from the path alone: one file each, and its line in LOADERS."""

from __future__ import annotations

from pathlib import Path

from .contract import Dataset
from .euroc import Euroc
from .tum import Tum

LOADERS: tuple[type[Dataset], ...] = (Tum, Euroc)


def find(path: Path, rate: float | None = None) -> Dataset | None:
    """Return the recording that a folder is one of; None if it is of no layout that is known here.

    Raises SequenceError if it is, and cannot be read.
    """
    for loader in LOADERS:
        root = loader.root(path)
        if root is not None:
            return loader(root, rate)
    return None


__all__ = ['LOADERS', 'Dataset', 'Euroc', 'Tum', 'find']
