# SPDX-License-Identifier: Apache-2.0
"""All frames' points in one map of bounded memory: a sparse grid of cells."""

from __future__ import annotations

import numpy as np

from ttt3r_ros.reconstruction import cloud_files
from ttt3r_ros.reconstruction.cloud import SMALLEST_CELL, Cloud, cell_keys

POLICIES = ('oldest', 'least_confident')


class VoxelMapError(ValueError):
    """Settings that no map can have, or points that do not fit together."""


class VoxelMap:
    """A sparse grid of cells, each with the mean of what fell into it; not thread-safe.

    All memory, 48 bytes a cell, is taken at the start. Cells lie densely in the arrays; a sorted index of their keys
    finds them.
    """

    def __init__(self, cell: float, capacity: int, policy: str = 'oldest') -> None:
        """Take a cell's edge in metres and how many cells there may be.

        policy: which cells go when there are more, those seen longest ago ('oldest') or those of the lowest
        confidence ('least_confident'). Raises VoxelMapError.
        """
        if not SMALLEST_CELL <= cell < np.inf:
            raise VoxelMapError(f'cell {cell} m is not possible: take at least {SMALLEST_CELL} m')
        if capacity < 1:
            raise VoxelMapError(f'capacity {capacity} is not possible: take at least 1 cell')
        if policy not in POLICIES:
            raise VoxelMapError(f'policy {policy!r} is unknown: take one of {", ".join(POLICIES)}')
        self.cell, self.capacity, self.policy = cell, capacity, policy
        # Filled, not only reserved: a robot short of memory should learn so now.
        self._keys = np.full(capacity, -1, np.int64)
        self._cells = np.full(capacity, -1, np.int32)
        self._position = np.full((capacity, 3), np.nan, np.float32)
        self._colour = np.full((capacity, 3), np.nan, np.float32)
        self._weight = np.full(capacity, np.nan, np.float32)
        self._count = np.full(capacity, -1, np.int32)
        self._last_seen = np.full(capacity, -1, np.int32)
        self._size = 0
        self._inserts = 0

    def __len__(self) -> int:
        """Return how many cells hold something."""
        return self._size

    def insert(self, points: np.ndarray, colours: np.ndarray, confidence: np.ndarray) -> None:
        """Add points (n, 3) in the map's frame, metres, with colours (n, 3) uint8 and confidence (n,).

        A point counts as much as its confidence. Those that are not finite, of no confidence, or more than 2^20
        cells from the origin are left out. Raises VoxelMapError for shapes that do not belong together.
        """
        if points.shape != (len(confidence), 3) or colours.shape != points.shape or confidence.ndim != 1:
            raise VoxelMapError(f'points {points.shape}, colours {colours.shape} and confidence {confidence.shape} '
                                f'do not belong together: give (n, 3), (n, 3) and (n,)')
        keys = cell_keys(points, self.cell)
        used = (keys >= 0) & (confidence > 0) & np.isfinite(confidence)
        keys, cell_of = np.unique(keys[used], return_inverse=True)
        weight = confidence[used].astype(np.float64)
        total, count = np.bincount(cell_of, weight, len(keys)), np.bincount(cell_of, minlength=len(keys))
        position, colour = (np.stack([np.bincount(cell_of, weight * axis, len(keys)) for axis in values[used].T], -1)
                            / total[:, None] for values in (points, colours))
        place = np.searchsorted(self._keys[:self._size], keys)
        known = np.zeros(len(keys), bool)
        within = place < self._size
        known[within] = self._keys[place[within]] == keys[within]
        self._update(self._cells[place[known]], position[known], colour[known], total[known], count[known])
        new = self._make_room(~known, total, count)
        self._add(keys[new], position[new], colour[new], total[new], count[new])
        self._inserts += 1

    def cloud(self) -> Cloud:
        """Return the map as a flat cloud, a copy; its confidence is the mean of each cell's points."""
        n = self._size
        return Cloud(self._position[:n].copy(), np.rint(self._colour[:n]).astype(np.uint8),
                     self._mean_confidence())

    def clear(self) -> None:
        """Forget all cells."""
        self._size = 0

    def ply(self) -> bytes:
        """Return the map as a binary PLY file; see cloud_files for its fields."""
        return cloud_files.ply(self.cloud())

    def pcd(self) -> bytes:
        """Return the map as a binary PCD file; see cloud_files for its fields."""
        return cloud_files.pcd(self.cloud())

    def _mean_confidence(self) -> np.ndarray:
        """Return each cell's confidence, float32 (n,)."""
        return np.divide(self._weight[:self._size], self._count[:self._size], dtype=np.float32)

    def _update(self, cells: np.ndarray, position: np.ndarray, colour: np.ndarray, total: np.ndarray,
                count: np.ndarray) -> None:
        """Bring new means and total weights (n,) into cells that are there."""
        weight = self._weight[cells] + total
        part = (total / weight)[:, None]
        self._position[cells] += part * (position - self._position[cells])
        self._colour[cells] += part * (colour - self._colour[cells])
        self._weight[cells] = weight
        self._count[cells] += count
        self._last_seen[cells] = self._inserts

    def _make_room(self, new: np.ndarray, total: np.ndarray, count: np.ndarray) -> np.ndarray:
        """Let the cells go that the policy names; return which of the new ones, bool (n,), may stay."""
        excess = self._size + np.count_nonzero(new) - self.capacity
        if excess <= 0:
            return new
        n = self._size
        if self.policy == 'oldest':
            rank = np.concatenate((self._last_seen[:n], np.full(np.count_nonzero(new), self._inserts, np.int32)))
        else:
            rank = np.concatenate((self._mean_confidence(), (total[new] / count[new]).astype(np.float32)))
        gone = np.argpartition(rank, excess - 1)[:excess]
        stays = new.copy()
        stays[np.flatnonzero(new)[gone[gone >= n] - n]] = False
        self._remove(gone[gone < n])
        return stays

    def _remove(self, cells: np.ndarray) -> None:
        """Take cells out and close the gaps with the last ones."""
        left = self._size - len(cells)
        removed = np.zeros(self._size, bool)
        removed[cells] = True
        gaps, last = np.flatnonzero(removed[:left]), left + np.flatnonzero(~removed[left:])
        for values in (self._position, self._colour, self._weight, self._count, self._last_seen):
            values[gaps] = values[last]
        moved = np.arange(self._size, dtype=np.int32)
        moved[last] = gaps
        kept = ~removed[self._cells[:self._size]]
        self._keys[:left] = self._keys[:self._size][kept]
        self._cells[:left] = moved[self._cells[:self._size][kept]]
        self._size = left

    def _add(self, keys: np.ndarray, position: np.ndarray, colour: np.ndarray, total: np.ndarray,
             count: np.ndarray) -> None:
        """Put new cells behind the others and their sorted keys between the others'."""
        old, size = self._size, self._size + len(keys)
        place = np.searchsorted(self._keys[:old], keys)
        self._keys[:size] = np.insert(self._keys[:old], place, keys)
        self._cells[:size] = np.insert(self._cells[:old], place, np.arange(old, size, dtype=np.int32))
        for values, added in ((self._position, position), (self._colour, colour), (self._weight, total),
                              (self._count, count), (self._last_seen, self._inserts)):
            values[old:size] = added
        self._size = size
