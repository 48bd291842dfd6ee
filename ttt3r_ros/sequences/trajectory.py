# SPDX-License-Identifier: Apache-2.0
"""Camera poses with stamps, and the TUM text format: `stamp tx ty tz qx qy qz qw` a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation


@dataclass(frozen=True)
class Trajectory:
    """`stamps` (n,) int64 nanoseconds; `poses` (n, 4, 4) float64 camera-to-world, metres, optical axes."""

    stamps: np.ndarray
    poses: np.ndarray

    def __len__(self) -> int:
        return len(self.stamps)


def read_tum(path: Path | str) -> Trajectory:
    """Read a TUM file; stamps become nanoseconds from their decimal text, never through a float.

    Raises ValueError naming the file and line that cannot be read; OSError if the file cannot.
    """
    stamps, rows = [], []
    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        fields = line.split('#')[0].replace(',', ' ').split()
        if not fields:
            continue
        try:
            stamps.append(int((Decimal(fields[0]) * 10**9).to_integral_value()))
            row = [float(field) for field in fields[1:]]
        except (InvalidOperation, ValueError, OverflowError):
            row = []
        if len(row) != 7 or not np.isfinite(row).all() or not any(row[3:]):
            raise ValueError(f'{path}, line {number}: "{line.strip()}" is not "stamp tx ty tz qx qy qz qw"')
        rows.append(row)
    values = np.array(rows, np.float64).reshape(-1, 7)
    poses = np.tile(np.eye(4), (len(values), 1, 1))
    poses[:, :3, 3] = values[:, :3]
    if len(values):
        poses[:, :3, :3] = Rotation.from_quat(values[:, 3:]).as_matrix()
    return Trajectory(np.array(stamps, np.int64), poses)


def write_tum(path: Path | str, trajectory: Trajectory) -> None:
    """Write a TUM file: stamps as seconds with nine decimals, from the integers; poses in full precision."""
    Path(path).write_text(''.join(line + '\n' for line in _lines(trajectory)))


def _lines(trajectory: Trajectory) -> Iterable[str]:
    for stamp, pose in zip(trajectory.stamps, trajectory.poses):
        seconds, nanoseconds = divmod(int(stamp), 10**9)
        values = [*pose[:3, 3], *Rotation.from_matrix(pose[:3, :3]).as_quat()]
        yield f'{seconds}.{nanoseconds:09d} ' + ' '.join(repr(float(value)) for value in values)
