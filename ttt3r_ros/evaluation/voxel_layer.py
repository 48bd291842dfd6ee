# SPDX-License-Identifier: Apache-2.0
"""What a costmap remembers of clouds: voxels that rays empty and points mark, in a window round the robot."""

from __future__ import annotations

import numpy as np

SHORT = 2  # cells by which a ray ends before its point


class VoxelLayer:
    """A costmap's layer over one recording, in the frame of its poses, z = 0 on the floor.

    Of each cloud all rays are followed first, as far as `reach` metres; then points that are near and high enough mark
    their voxels. A cell is an obstacle while one voxel of its column is marked.
    """

    def __init__(self, window: float, z_cell: float, z_cells: int, cell: float = 0.05, reach: float = 5.0,
                 extent: float = 24.0) -> None:
        """Take edges in metres: of the window that goes with the robot, of voxels, of cells, and of all there is."""
        self._cell, self._z_cell, self._reach, self._window = cell, z_cell, reach, window
        self._half = extent / 2
        side = round(extent / cell)
        self._marked = np.zeros((side, side, z_cells), bool)

    def take(self, origin: np.ndarray, points: np.ndarray, low: float, high: float, mark_range: float) -> None:
        """Take a cloud: the sensor's place (3,), points (n, 3); those from low to high metres, no farther than
        mark_range, mark."""
        origin, points = origin.astype(np.float32), points.astype(np.float32)
        rays = points - origin
        distance = np.maximum(np.linalg.norm(rays, axis=1), 1e-9)
        free = np.minimum(distance - SHORT * self._cell, self._reach)
        along = np.arange(0, self._reach + self._cell, self._cell, dtype=np.float32)
        steps = np.minimum(along, np.maximum(free, 0)[:, None]) / distance[:, None]
        self._set((origin + steps[..., None] * rays[:, None]).reshape(-1, 3), False)
        near = (points[:, 2] >= low) & (points[:, 2] <= high) & (distance <= mark_range)
        self._set(points[near], True)
        self._forget(origin[:2])

    def obstacles(self) -> np.ndarray:
        """Return the middles (n, 2) of cells that are obstacles."""
        return (np.argwhere(self._marked.any(axis=2)) + 0.5) * self._cell - self._half

    def _set(self, points: np.ndarray, value: bool) -> None:
        x, y, z = (np.floor((points[:, axis] + shift) / edge).astype(np.int32) for axis, (shift, edge) in enumerate(
            ((self._half, self._cell), (self._half, self._cell), (0, self._z_cell))))
        width, depth, height = self._marked.shape
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < depth) & (z >= 0) & (z < height)
        self._marked.reshape(-1)[((x * depth + y) * height + z)[inside]] = value

    def _forget(self, robot: np.ndarray) -> None:
        low, high = (np.clip(np.floor((robot + self._half + side * self._window / 2) / self._cell).astype(int), 0, None)
                     for side in (-1, 1))
        kept = self._marked[low[0]:high[0], low[1]:high[1]].copy()
        self._marked[:] = False
        self._marked[low[0]:high[0], low[1]:high[1]] = kept
