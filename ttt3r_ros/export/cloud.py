# SPDX-License-Identifier: Apache-2.0
"""The run's cloud, in the path's world, in the forms of reconstruction.cloud_files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ttt3r_ros.reconstruction import cloud_files

if TYPE_CHECKING:
    from ttt3r_ros.offline.recording import Recorded


def write_ply(recorded: Recorded, folder: Path) -> list[str]:
    """Write cloud.ply."""
    (folder / 'cloud.ply').write_bytes(cloud_files.ply(recorded.cloud()))
    return ['cloud.ply']


def write_pcd(recorded: Recorded, folder: Path) -> list[str]:
    """Write cloud.pcd."""
    (folder / 'cloud.pcd').write_bytes(cloud_files.pcd(recorded.cloud()))
    return ['cloud.pcd']
