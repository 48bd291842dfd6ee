# SPDX-License-Identifier: Apache-2.0
"""Free motion: a camera carried anywhere and turned any way, robots with low and tilted cameras among them.

Poses are (frames, 4, 4) camera-to-world with optical axes. The random generator decides all of it.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import BSpline
from scipy.spatial.transform import Rotation

from .room import Room
from .walk import gaze

PACES = (0.006, 0.13)  # metres between frames
TURNS = (0.1, 4.0)  # degrees between frames, about
FASTEST = 15.0  # degrees between frames; a faster turn is no way
KNOTS = (4, 14)  # frames from one change of mind to the next
CLEAR, CLOSE = 0.3, 0.15  # metres to the nearest thing: where the way is bent to, and what it may come to
TRIES, SLOWER, STEPS = 100, 0.95, 30
ORBITING, LOW, WALKING = 0.3, 0.2, 0.25  # of all ways; the others look and go anywhere
NEAREST, FARTHEST = 0.5, 3.0  # metres to what an orbit looks at


def carried(room: Room, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Return the poses of a way through a room that keeps 0.15 m from everything: slower ones where there is no space.

    Raises ValueError where no way is found.
    """
    for k in range(TRIES):
        poses = _way(room, frames, rng, SLOWER ** k)
        if poses is not None and room.clearance(poses[:, :3, 3]).min() > CLOSE and _turns(poses).max() < FASTEST:
            return poses
    raise ValueError(f'no way of {frames} frames through a room of {room.size} m')


def _way(room: Room, frames: int, rng: np.random.Generator, pace: float) -> np.ndarray | None:
    kind = rng.choice(4, p=[ORBITING, LOW, WALKING, 1 - ORBITING - LOW - WALKING])
    knot = rng.uniform(*KNOTS)
    stride = pace * np.exp(rng.uniform(*np.log(PACES))) * knot
    height = rng.uniform(0.15, 0.6) if kind == 1 else np.clip(rng.normal(1.3, 0.4), 0.25, room.size[2] - 0.3)
    flatness = rng.uniform(0, 0.1) if kind in (1, 2) else rng.uniform(0.2, 1)
    corners = _corners(room, int(frames / knot) + 5, stride, height, flatness, rng)
    if corners is None:
        return None
    place, ahead = _smooth(corners, frames, knot), _smooth(np.gradient(corners, axis=0), frames, knot)
    turn = np.radians(np.exp(rng.uniform(*np.log(TURNS))))

    def wander(scale: float) -> np.ndarray:
        """Return an angle that changes by some `scale` of the turn at each frame, never the same way for long."""
        return _smooth(np.cumsum(rng.normal(size=int(frames / knot) + 5)) * knot * scale * turn, frames, knot)

    roll = np.radians(rng.normal(0, 6)) + np.clip(wander(0.25), -0.6, 0.6)
    if kind == 0:
        towards = _target(place[len(place) // 2], rng) - place
        yaw, pitch = _angles(towards)
        yaw, pitch = yaw + np.clip(wander(0.2), -0.3, 0.3), pitch + np.clip(wander(0.2), -0.3, 0.3)
    else:
        tilt = np.radians(rng.uniform(-30, 25) if kind == 1 else rng.normal(-18, 20))
        follows = _angles(ahead)[0] if kind in (1, 2) else 0.0
        steady = 0.3 if kind == 1 else 1.0
        yaw = follows + rng.uniform(-np.pi, np.pi) * (kind == 3) + rng.uniform(-0.8, 0.8) + wander(0.8 * steady)
        yaw = yaw + (rng.choice([-1, 1]) * rng.random() * turn * np.arange(frames) if rng.random() < 0.5 else 0)
        pitch = tilt + np.clip(wander(0.5 * steady), -0.7, 0.7)
    poses = np.tile(np.eye(4), (frames, 1, 1))
    poses[:, :3, :3] = gaze(yaw, np.clip(pitch, -1.4, 1.2), roll)
    poses[:, :3, 3] = place
    return poses


def _corners(room: Room, count: int, stride: float, height: float, flatness: float,
             rng: np.random.Generator) -> np.ndarray | None:
    """Return control points (count, 3), a stride apart, each clear of everything; None where the way is shut."""
    straight = rng.uniform(0, 3)
    here = np.append(rng.uniform(-1, 1, 2) * (room.size[:2] / 2 - CLEAR), height)
    if room.clearance(here[None])[0] < CLEAR:
        return None
    course, corners = _unit(rng.normal(size=3) * [1, 1, flatness]), [here]
    while len(corners) < count:
        for _ in range(STEPS):
            course_next = _unit(straight * course + rng.normal(size=3) * [1, 1, flatness])
            there = corners[-1] + stride * course_next * rng.uniform(0.6, 1.4)
            if room.clearance(there[None])[0] >= CLEAR:
                break
            course = -course if rng.random() < 0.2 else course
        else:
            return None
        course = course_next
        corners.append(there)
    return np.array(corners)


def _turns(poses: np.ndarray) -> np.ndarray:
    """Return the angles (n - 1,) from pose to pose, degrees."""
    between = poses[:-1, :3, :3].transpose(0, 2, 1) @ poses[1:, :3, :3]
    return np.degrees(Rotation.from_matrix(between).magnitude())


def _target(place: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a point (3,) to look at."""
    far, course = np.exp(rng.uniform(np.log(NEAREST), np.log(FARTHEST))), rng.uniform(0, 2 * np.pi)
    fall = np.radians(np.clip(rng.normal(-18, 20), -70, 40))
    return place + far * np.array([np.cos(course) * np.cos(fall), np.sin(course) * np.cos(fall), np.sin(fall)])


def _angles(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return yaw, without jumps, and pitch (n,) of directions (n, 3)."""
    level = np.hypot(directions[:, 0], directions[:, 1])
    return np.unwrap(np.arctan2(directions[:, 1], directions[:, 0])), np.arctan2(directions[:, 2], level)


def _smooth(corners: np.ndarray, frames: int, knot: float) -> np.ndarray:
    """Return the cubic curve that control points (n, …) bend, at `frames` times, `knot` frames from one to the next."""
    curve = BSpline(np.arange(len(corners) + 4) - 3, corners, 3)
    return curve(np.arange(frames) / knot)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(np.linalg.norm(vector), 1e-9)
