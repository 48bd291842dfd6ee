# SPDX-License-Identifier: Apache-2.0
"""Where up is at the start: the pose that the path begins with, in a level odometry frame.

The odometry frame is REP-103: z up, and x where the tracked frame, a camera or a base, heads at the start. `to_body`
says which axes that frame has: OPTICAL_TO_BODY for a camera (x right, y down, z forward), eye(3) for a base (x
forward, y left, z up).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ttt3r_ros.reconstruction import rotation

STANDARD_GRAVITY = 9.80665  # m/s²
NORM_TOLERANCE = 0.5  # m/s²: a cheap sensor's bias; gravity itself varies by 0.05 on Earth
SHAKE = 0.35  # m/s², a standard deviation: motors idling are below, driving and hands above
TILTING = 0.2  # m/s² between the first and the last third: the frame turned by more than a degree
FEWEST = 20
FAR = 5.0  # robust standard deviations: a sample this far off is a knock or a glitch,
MOST_LEFT_OUT = 0.1  # and more than this part of them is a movement
MAD_TO_SIGMA = 1.4826  # of a normal distribution
STEEP = 0.02  # radians from the vertical: nearer, the view axis has no heading

OPTICAL_TO_BODY = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])


class GravityError(ValueError):
    """What was given does not say where up is; the message says why."""


def up_at_rest(samples: np.ndarray) -> np.ndarray:
    """Return the upward unit vector (3,), in the samples' axes, from accelerometer samples (n, 3) in m/s² at rest.

    A resting accelerometer feels what holds it against gravity, upwards (REP-145). Single glitches are left out.
    Raises GravityError for too few samples, for a movement, and for a mean that is not gravity's.
    """
    samples = np.asarray(samples, np.float64)
    if samples.ndim != 2 or samples.shape[1] != 3:
        raise GravityError(f'accelerometer samples of shape {samples.shape} cannot be read: give (n, 3)')
    samples = samples[np.isfinite(samples).all(axis=1)]
    if len(samples) < FEWEST:
        raise GravityError(f'{len(samples)} finite accelerometer samples are too few: give at least {FEWEST}')
    off = np.linalg.norm(samples - np.median(samples, axis=0), axis=1)
    # The floor is for a sensor so coarse that most samples are equal.
    kept = samples[off <= FAR * max(MAD_TO_SIGMA * np.median(off), 0.01)]
    if len(kept) < (1 - MOST_LEFT_OUT) * len(samples):
        raise GravityError(f'{len(samples) - len(kept)} of {len(samples)} accelerometer samples are far from the '
                           f'others: it moves, let it stand')
    shake = np.sqrt(kept.var(axis=0).sum() / 3)
    if shake > SHAKE:
        raise GravityError(f'the acceleration varies by {shake:.2f} m/s², at most {SHAKE} at rest: it moves, '
                           f'let it stand')
    third = len(kept) // 3
    change = np.linalg.norm(kept[-third:].mean(axis=0) - kept[:third].mean(axis=0))
    # Two means of a third each differ by noise alone; four of its deviations are still rest.
    if change > TILTING + 4 * shake * np.sqrt(2 / third):
        raise GravityError(f'the acceleration changes by {change:.2f} m/s² during the measurement: it moves, '
                           f'let it stand')
    mean = kept.mean(axis=0)
    norm = np.linalg.norm(mean)
    if abs(norm - STANDARD_GRAVITY) > NORM_TOLERANCE:
        raise GravityError(f'a mean acceleration of {norm:.2f} m/s² is not gravity, {STANDARD_GRAVITY:.2f}: it moves, '
                           f'or the sensor takes gravity off or gives other units')
    return mean / norm


def level(up: np.ndarray, to_body: np.ndarray) -> np.ndarray:
    """Return the rotation (3, 3) from the tracked frame's axes to the odometry frame's, given up (3,) in the former.

    x is the heading: where the frame looks, laid on the level. Looking straight down it is where the image's top
    points, straight up where its bottom does. Raises GravityError for an up of no length.
    """
    length = np.linalg.norm(up)
    if not length > 0 or not np.isfinite(length):
        raise GravityError(f'{up} does not say where up is: give a direction')
    z = to_body @ up / length
    # Forward leaned back by the pitch is what becomes the heading where forward itself is vertical.
    heading = np.array([1.0, 0, 0]) if np.hypot(z[1], z[2]) > STEEP else np.array([0, 0, -np.sign(z[0])])
    x = heading - (heading @ z) * z
    x /= np.linalg.norm(x)
    return np.stack((x, np.cross(z, x), z)) @ to_body


def _about(axis: int, angle: float) -> np.ndarray:
    return rotation.of_vector(angle * np.eye(3)[axis])


def start_pose(initial: Sequence[float], to_body: np.ndarray, up: np.ndarray | None = None) -> np.ndarray:
    """Return the tracked frame's first pose (4, 4) in the odometry frame.

    initial: x y z roll pitch yaw, metres, and radians about the odometry frame's fixed axes, of the frame's body axes:
    all 0 is at the origin, upright, looking along x. up (3,) in the tracked frame's axes, where it is known, decides
    in place of roll and pitch. Raises GravityError for a number that is not finite, or an up of no length.
    """
    if len(initial) != 6 or not np.isfinite(initial).all():
        raise GravityError(f'{list(initial)} is no pose: give six finite numbers, x y z roll pitch yaw')
    *place, roll, pitch, yaw = initial
    pose = np.eye(4)
    pose[:3, 3] = place
    heading = _about(2, yaw)
    if up is None:
        pose[:3, :3] = heading @ _about(1, pitch) @ _about(0, roll) @ to_body
    else:
        pose[:3, :3] = heading @ level(up, to_body)
    return pose
