# SPDX-License-Identifier: Apache-2.0
"""A person with a camera in the hand who walks once round the room and comes home."""

from __future__ import annotations

import numpy as np

from .room import REACH, Room

STEP = 0.62  # metres from one footfall to the next


def walk(room: Room, frames: int, seed: int) -> np.ndarray:
    """Return (frames, 4, 4) float64 camera-to-world poses: one lap between the middle and the walls.

    The first and the last pose are the same: the loop is closed. The seed decides start, direction and gaze.
    Raises ValueError for fewer than two frames.
    """
    if frames < 2:
        raise ValueError(f'a walk needs at least two frames, not {frames}')
    rng = np.random.default_rng([seed, 1])
    lap = np.linspace(0, 1, frames)
    # A person's pace varies: up to a quarter faster or slower, and back where it began after the lap.
    lap = lap + sum(0.12 / (2 * np.pi * k) * np.sin(2 * np.pi * (k * lap + rng.random())) for k in (1, 2))
    direction = 1 if rng.random() < 0.5 else -1
    angle = direction * 2 * np.pi * (lap + rng.random())

    def sway(size: float, cycles: tuple[int, ...]) -> np.ndarray:
        return sum(size / len(cycles) * np.sin(2 * np.pi * (k * lap + rng.random())) for k in cycles)

    axes = (room.size[:2] / 2 - REACH + room.middle) / 2 + [0.12, 0.08]
    radius = 1 + sway(0.05, (2, 3))
    place = np.stack([axes[0] * np.cos(angle) * radius, axes[1] * np.sin(angle) * radius], 1)
    ahead = direction * np.stack([-axes[0] * np.sin(angle), axes[1] * np.cos(angle)], 1)
    steps = max(1, round(2 * np.pi * axes.mean() / STEP))
    tread = 2 * np.pi * (steps * lap + rng.random())
    height = 1.45 + sway(0.06, (1, 2)) + 0.012 * np.sin(tread)

    heading = np.unwrap(np.arctan2(ahead[:, 1], ahead[:, 0]))
    inwards = direction * np.radians(45) + sway(np.radians(40), (1, 2, 3))
    yaw = heading + inwards + np.radians(0.5) * np.sin(tread)
    pitch = np.radians(-11) + sway(np.radians(9), (1, 2, 4)) + np.radians(0.5) * np.sin(tread + 1)
    roll = sway(np.radians(3), (2, 3, 5))
    poses = np.tile(np.eye(4), (frames, 1, 1))
    poses[:, :3, :3] = _gaze(yaw, pitch, roll)
    poses[:, :2, 3] = place
    poses[:, 2, 3] = height
    poses[-1] = poses[0]
    return poses


def _gaze(yaw: np.ndarray, pitch: np.ndarray, roll: np.ndarray) -> np.ndarray:
    """Return (n, 3, 3) rotations, optical axes as columns: yaw from +x about z, pitch up, roll clockwise."""
    forward = np.stack([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), np.sin(pitch)], 1)
    right = np.stack([np.sin(yaw), -np.cos(yaw), np.zeros_like(yaw)], 1)
    down = np.cross(forward, right)
    tilted = np.cos(roll)[:, None] * right + np.sin(roll)[:, None] * down
    return np.stack([tilted, np.cross(forward, tilted), forward], 2)
