# SPDX-License-Identifier: Apache-2.0
"""Data sets on users' disks, found from the path alone: one file each, and its line in LOADERS."""

from __future__ import annotations

from pathlib import Path

from .bonn import Bonn
from .colmap import Colmap
from .contract import Dataset
from .eth3d import Eth3d
from .euroc import Euroc
from .icl_nuim import IclNuim
from .kitti_depth import KittiDepth
from .kitti_odometry import KittiOdometry
from .nerfstudio import Nerfstudio
from .nrgbd import Nrgbd
from .posed_folder import PosedFolder
from .replica import Replica
from .scannet import Scannet
from .seven_scenes import SevenScenes
from .sintel import Sintel
from .tartanair import TartanAir
from .tum import Tum

# The first that knows a folder by sight reads it.
LOADERS: tuple[type[Dataset], ...] = (
    Bonn,
    Eth3d,
    Tum,
    Euroc,
    IclNuim,
    SevenScenes,
    Scannet,
    KittiOdometry,
    KittiDepth,
    Sintel,
    TartanAir,
    Replica,
    Nrgbd,
    Nerfstudio,
    Colmap,
    PosedFolder,
)
DEPTH = 5  # folders below a data set's own that its recordings lie in, at most


def find(path: Path, rate: float | None = None) -> Dataset | None:
    """Return the recording that a folder is one of; None if it is of no layout that is known here.

    Raises SequenceError if it is, and cannot be read.
    """
    for loader in LOADERS:
        root = loader.root(path)
        if root is not None:
            return loader(root, rate)
    return None


def recordings(path: Path, depth: int = DEPTH) -> list[Path]:
    """Return the folders at or below a path that are recordings of a known layout, in the order of their names."""
    if any(loader.root(path) is not None for loader in LOADERS):
        return [path]
    below = sorted(folder for folder in path.iterdir() if folder.is_dir()) if depth and path.is_dir() else []
    return [found for folder in below for found in recordings(folder, depth - 1)]


__all__ = ['LOADERS', 'Dataset', 'Euroc', 'Tum', 'find', 'recordings']
