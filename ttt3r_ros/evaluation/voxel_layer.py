# SPDX-License-Identifier: Apache-2.0
"""What a costmap remembers of clouds: voxels that rays empty and points mark, in a window round the robot."""

from __future__ import annotations

import numpy as np

SHORT = 2  # cells by which a ray ends before its point
EPSILON = 0.01  # metres below the top at which rays end that leave through it


class VoxelLayer:
    """A costmap's layer over one recording, in the frame of its poses, z = 0 on the floor.

    Of each cloud all rays are followed first, as far as `reach` metres; then points that are near and high enough mark
    their voxels. A cell is an obstacle while one voxel of its column is marked. Rays go from voxel to voxel as Nav2's
    do: in whole voxels from the sensor's to the last, so that in coarse ones a ray is half a voxel off its true height.
    """

    def __init__(self, window: float, z_cell: float, z_cells: int, cell: float = 0.05, reach: float = 5.0,
                 extent: float = 24.0) -> None:
        """Take edges in metres: of the window that goes with the robot, of voxels, of cells, and of all there is."""
        self._edges, self._reach, self._window = np.array([cell, cell, z_cell]), reach, window
        self._low = np.array([-extent / 2, -extent / 2, 0])
        side = round(extent / cell)
        self._marked = np.zeros((side, side, z_cells), bool)

    def take(self, origin: np.ndarray, points: np.ndarray, low: float, high: float, mark_range: float) -> None:
        """Take a cloud: the sensor's place (3,), points (n, 3); those from low to high metres, no farther than
        mark_range, mark."""
        distance = np.maximum(np.linalg.norm(points - origin, axis=1), 1e-9)
        if 0 <= origin[2] < self._top:
            self._clear(origin, points, distance)
        near = (points[:, 2] >= low) & (points[:, 2] <= high) & (distance < mark_range)
        self._set(self._voxels(points[near]), True)
        self._forget(origin[:2])

    def obstacles(self) -> np.ndarray:
        """Return the middles (n, 2) of cells that are obstacles."""
        return (np.argwhere(self._marked.any(axis=2)) + 0.5) * self._edges[:2] + self._low[:2]

    @property
    def _top(self) -> float:
        return self._edges[2] * self._marked.shape[2]

    def _clear(self, origin: np.ndarray, points: np.ndarray, distance: np.ndarray) -> None:
        """Empty the voxels along each ray, which ends SHORT of its point and where the grid does."""
        rays = (points - origin) * np.maximum(1 - SHORT * self._edges[0] / distance, 0)[:, None]
        half = self._window / 2
        bounds = np.array([[-half, -half, -origin[2]], [half, half, self._top - EPSILON - origin[2]]])
        with np.errstate(divide='ignore', invalid='ignore'):
            parts = np.where(rays > 0, bounds[1] / rays, np.where(rays < 0, bounds[0] / rays, np.inf))
        ends = origin + rays * np.clip(parts.min(axis=1), 0, 1)[:, None] * (1 - 1e-6)
        first, last = self._voxels(origin), self._voxels(ends)
        steps, most = np.abs(last - first), np.abs(last - first).max(axis=1)
        count = most * np.minimum(1, self._reach / self._edges[0] / np.maximum(
            np.linalg.norm((ends - origin) / self._edges, axis=1), 1))
        along = np.minimum(np.arange(count.max(initial=0) + 1), count.astype(int)[:, None])[..., None]
        gone = (most[:, None, None] // 2 + along * steps[:, None]) // np.maximum(most, 1)[:, None, None]
        self._set((first + np.sign(last - first)[:, None] * gone.astype(int)).reshape(-1, 3), False)

    def _voxels(self, points: np.ndarray) -> np.ndarray:
        return np.floor((points - self._low) / self._edges).astype(int)

    def _set(self, voxels: np.ndarray, value: bool) -> None:
        voxels = voxels[((voxels >= 0) & (voxels < self._marked.shape)).all(axis=1)]
        self._marked[tuple(voxels.T)] = value

    def _forget(self, robot: np.ndarray) -> None:
        low, high = (np.clip(np.floor((robot - self._low[:2] + side * self._window / 2) / self._edges[:2]).astype(int),
                             0, None) for side in (-1, 1))
        kept = self._marked[low[0]:high[0], low[1]:high[1]].copy()
        self._marked[:] = False
        self._marked[low[0]:high[0], low[1]:high[1]] = kept
