# SPDX-License-Identifier: Apache-2.0
"""Camera paths through a room: a person with a camera in the hand, and a wheeled robot.

All return (frames, 4, 4) float64 camera-to-world poses with optical axes, between the middle and the walls, and
come home: the last pose is the first. The seed decides start, direction and gaze.
"""

from __future__ import annotations

import numpy as np

from .room import REACH, Room

STEP = 0.62  # metres from one footfall to the next
CORNERS = 8  # stops of a robot on a lap


def lap_length(room: Room) -> float:
    """Return the length in metres of one lap, about."""
    return float(2 * np.pi * _axes(room).mean())


def walk(room: Room, frames: int, seed: int, laps: int = 1, pauses: int = 0) -> np.ndarray:
    """Walk round the room with a camera in the hand; no two laps are the same.

    In a pause the feet stand and the gaze goes on. Raises ValueError for fewer than two frames.
    """
    rng, time = _start(frames, seed)
    # A person's pace varies: up to a quarter faster or slower, and back where it began after the path.
    lap = laps * time + sum(0.12 / (2 * np.pi * k) * np.sin(2 * np.pi * (k * laps * time + rng.random()))
                            for k in (1, 2))
    lap = _held(lap, time, rng, pauses)
    direction = 1 if rng.random() < 0.5 else -1
    angle = direction * 2 * np.pi * (lap + rng.random())

    def sway(size: float, cycles: tuple[int, ...], along: np.ndarray) -> np.ndarray:
        """Return `cycles` waves a lap; over several laps they shift against the lap, and close with the path."""
        turns = [k * laps + (int(rng.integers(-laps // 2, laps // 2 + 1)) if laps > 1 else 0) for k in cycles]
        return sum(size / len(cycles) * np.sin(2 * np.pi * (k / laps * along + rng.random())) for k in turns)

    gaze_time = laps * time
    axes = _axes(room)
    radius = 1 + sway(0.05, (2, 3), lap)
    place = np.stack([axes[0] * np.cos(angle) * radius, axes[1] * np.sin(angle) * radius], 1)
    ahead = direction * np.stack([-axes[0] * np.sin(angle), axes[1] * np.cos(angle)], 1)
    steps = max(1, round(2 * np.pi * axes.mean() / STEP))
    tread = 2 * np.pi * (steps * lap + rng.random())
    height = 1.45 + sway(0.06, (1, 2), lap) + 0.012 * np.sin(tread)

    heading = np.unwrap(np.arctan2(ahead[:, 1], ahead[:, 0]))
    inwards = direction * np.radians(45) + sway(np.radians(40), (1, 2, 3), gaze_time)
    yaw = heading + inwards + np.radians(0.5) * np.sin(tread)
    pitch = np.radians(-11) + sway(np.radians(9), (1, 2, 4), gaze_time) + np.radians(0.5) * np.sin(tread + 1)
    roll = sway(np.radians(3), (2, 3, 5), gaze_time)
    return _poses(place, height, yaw, pitch, roll)


def drive(room: Room, frames: int, seed: int, laps: int = 1, pauses: int = 0,
          mount: tuple[float, float, float] | None = None) -> np.ndarray:
    """Drive a robot with a fixed camera: straight from stop to stop, a turn in place at each.

    mount: the camera's yaw against the way, its height and its pitch, radians and metres; else the seed decides.
    Raises ValueError for fewer than two frames.
    """
    rng, time = _start(frames, seed)
    stops = CORNERS * laps
    direction = 1 if rng.random() < 0.5 else -1
    angle = direction * 2 * np.pi * (np.arange(stops) / CORNERS + rng.random())
    radius = 1 + rng.uniform(-0.06, 0.06, stops)
    stop = (np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None]) * _axes(room)
    leg = np.roll(stop, -1, 0) - stop
    heading = np.unwrap(np.arctan2(leg[:, 1], leg[:, 0]))
    turn = np.append(heading[1:], heading[0] + direction * 2 * np.pi * laps) - heading
    length = np.linalg.norm(leg, axis=1)
    # Each leg and each turn takes its share of the time; ends are smooth.
    share = np.stack([length / length.mean(), np.abs(turn) / np.abs(turn).mean() * rng.uniform(0.4, 0.9)], 1).ravel()
    phase = _held(time, time, rng, pauses) * share.sum()
    done = np.clip((phase[:, None] - (np.cumsum(share) - share)) / share, 0, 1)
    done = done * done * (3 - 2 * done)
    place = stop[0] + done[:, 0::2] @ leg
    drawn = rng.uniform(-1, 1) * np.radians(50), rng.uniform(0.35, 1.2), np.radians(rng.uniform(-12, 8))
    sideways, height, pitch = mount or drawn
    yaw = heading[0] + done[:, 1::2] @ turn + sideways
    shake = 0.002 * np.sin(2 * np.pi * np.round(frames / 3.3) * time)
    return _poses(place, height + shake, yaw, np.full(frames, pitch), shake)


def _start(frames: int, seed: int) -> tuple[np.random.Generator, np.ndarray]:
    if frames < 2:
        raise ValueError(f'a path needs at least two frames, not {frames}')
    return np.random.default_rng([seed, 1]), np.linspace(0, 1, frames)


def _axes(room: Room) -> np.ndarray:
    """Return the half axes (2,) of the ellipse half way between the furniture and what stands in the middle."""
    return (room.size[:2] / 2 - REACH + np.maximum(room.middle, [0.3, 0.2])) / 2 + [0.12, 0.08]


def _held(progress: np.ndarray, time: np.ndarray, rng: np.random.Generator, pauses: int) -> np.ndarray:
    """Return the same progress with stand-stills of 3 % of the time in it, smoothly entered and left."""
    speed = np.ones_like(time)
    for middle in rng.uniform(0.05, 0.95, pauses):
        speed *= np.clip((np.abs(time - middle) / 0.015 - 1), 0, 1)
    warped = np.concatenate([[0], np.cumsum((speed[1:] + speed[:-1]) / 2)])
    return np.interp(warped / warped[-1], time, progress)


def _poses(place: np.ndarray, height: np.ndarray, yaw: np.ndarray, pitch: np.ndarray, roll: np.ndarray) -> np.ndarray:
    poses = np.tile(np.eye(4), (len(place), 1, 1))
    poses[:, :3, :3] = gaze(yaw, pitch, roll)
    poses[:, :2, 3] = place
    poses[:, 2, 3] = height
    poses[-1] = poses[0]
    return poses


def gaze(yaw: np.ndarray, pitch: np.ndarray, roll: np.ndarray) -> np.ndarray:
    """Return (n, 3, 3) rotations, optical axes as columns: yaw from +x about z, pitch up, roll clockwise."""
    forward = np.stack([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), np.sin(pitch)], 1)
    right = np.stack([np.sin(yaw), -np.cos(yaw), np.zeros_like(yaw)], 1)
    down = np.cross(forward, right)
    tilted = np.cos(roll)[:, None] * right + np.sin(roll)[:, None] * down
    return np.stack([tilted, np.cross(forward, tilted), forward], 2)
