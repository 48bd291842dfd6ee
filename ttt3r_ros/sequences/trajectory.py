# SPDX-License-Identifier: Apache-2.0
"""Camera poses with stamps, and the TUM text format: `stamp tx ty tz qx qy qz qw` a line."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from .stamps import in_seconds, unit_of

LONGEST_GAP = 100_000_000  # ns: between poses farther apart nothing is interpolated
END = 1_000_000  # ns: truth files round their stamps, so the first and the last pose hold for this long beyond

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trajectory:
    """`stamps` (n,) int64 nanoseconds; `poses` (n, 4, 4) float64 camera-to-world, metres, optical axes.

    dropped  how many poses were not finite and are not among them
    """

    stamps: np.ndarray
    poses: np.ndarray
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.stamps)

    def at(self, stamps: Iterable[int]) -> Trajectory:
        """Return the poses at other stamps, interpolated; those in gaps of more than LONGEST_GAP are left out.

        The stamps of `self` must increase.
        """
        wanted = np.array(list(stamps), np.int64)
        if len(self) == 0 or len(wanted) == 0:
            return Trajectory(np.zeros(0, np.int64), np.zeros((0, 4, 4)), self.dropped)
        after = np.searchsorted(self.stamps, wanted)
        low, high = np.clip(after - 1, 0, len(self) - 1), np.clip(after, 0, len(self) - 1)
        ends = np.minimum(np.abs(wanted - self.stamps[0]), np.abs(wanted - self.stamps[-1])) <= END
        within = (self.stamps[0] <= wanted) & (wanted <= self.stamps[-1])
        exact = self.stamps[high] == wanted
        kept = exact | np.where(within, self.stamps[high] - self.stamps[low] <= LONGEST_GAP, ends)
        wanted, low, high = wanted[kept], low[kept], high[kept]
        poses = np.tile(np.eye(4), (len(wanted), 1, 1))
        span = np.maximum(self.stamps[high] - self.stamps[low], 1)
        share = np.clip((wanted - self.stamps[low]) / span, 0.0, 1.0)[:, None]
        poses[:, :3, 3] = (1 - share) * self.poses[low, :3, 3] + share * self.poses[high, :3, 3]
        for i, (a, b) in enumerate(zip(low, high)):
            turn = Slerp([0, 1], Rotation.from_matrix(self.poses[[a, b], :3, :3]))
            poses[i, :3, :3] = turn(share[i, 0]).as_matrix()
        same = self.stamps[high] == wanted
        poses[same] = self.poses[high[same]]  # to the bit
        return Trajectory(wanted, poses, self.dropped)


def read_tum(path: Path | str, *, drop: bool = False) -> Trajectory:
    """Read a TUM file; stamps become nanoseconds from their decimal text, never through a float.

    Stamps that are no seconds of our days are taken for milli-, micro- or nanoseconds, by their size.
    drop: leave out poses that are not finite, and count them, instead of refusing the file.

    Raises ValueError naming the file and line that cannot be read; OSError if the file cannot.
    """
    times, rows, dropped = [], [], 0
    for number, line in enumerate(text_lines(path), 1):
        fields = line.split('#')[0].replace(',', ' ').split()
        if not fields:
            continue
        try:
            time, *row = Decimal(fields[0]), *map(float, fields[1:])
        except (InvalidOperation, ValueError, OverflowError):
            time, row = Decimal('nan'), []
        if drop and len(row) == 7 and not np.isfinite(row).all():
            dropped += 1
            continue
        if not time.is_finite() or len(row) != 7 or not np.isfinite(row).all() or not any(row[3:]):
            raise ValueError(f'{path}, line {number}: "{line.strip()[:80]}" is not "stamp tx ty tz qx qy qz qw"')
        times.append(time)
        rows.append(row)
    largest = max(map(abs, times), default=Decimal(0))
    scale, unit = unit_of(largest)
    if largest * scale >= 2**63:
        raise ValueError(f'{path}: stamps as large as {largest:.3g} are no times; write them in seconds')
    if scale != 10**9:
        _log.info('%s: its stamps are %s', path, unit)
    stamps = [int((time * scale).to_integral_value()) for time in times]
    values = np.array(rows, np.float64).reshape(-1, 7)
    poses = np.tile(np.eye(4), (len(values), 1, 1))
    poses[:, :3, 3] = values[:, :3]
    if len(values):
        poses[:, :3, :3] = Rotation.from_quat(values[:, 3:]).as_matrix()
    return Trajectory(np.array(stamps, np.int64), poses, dropped)


def text_lines(path: Path | str) -> list[str]:
    """Return the lines of a text file; raises ValueError naming it if it is no text, OSError if it cannot be read."""
    try:
        return Path(path).read_text(encoding='utf-8-sig').splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is no text file ({error.reason} at byte {error.start})') from error


def write_tum(path: Path | str, trajectory: Trajectory) -> None:
    """Write a TUM file: stamps as seconds with nine decimals, from the integers; poses in full precision."""
    Path(path).write_text(''.join(line + '\n' for line in _lines(trajectory)))


def _lines(trajectory: Trajectory) -> Iterable[str]:
    for stamp, pose in zip(trajectory.stamps, trajectory.poses):
        values = [*pose[:3, 3], *Rotation.from_matrix(pose[:3, :3]).as_quat()]
        yield f'{in_seconds(int(stamp))} ' + ' '.join(repr(float(value)) for value in values)
