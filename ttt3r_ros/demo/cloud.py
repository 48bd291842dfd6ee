# SPDX-License-Identifier: Apache-2.0
"""All frames' points in one frame, and the PLY file of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttt3r_ros.demo.recorder import Cloud, Pose

POINTS = 400_000
LEAST_CONFIDENT = 0.2  # this part of the points is left out
VERTEX = np.dtype([(axis, '<f4') for axis in 'xyz'] + [(colour, 'u1') for colour in ('red', 'green', 'blue')])


@dataclass(frozen=True)
class ColouredPoints:
    """points (n, 3) float32 metres, colours (n, 3) uint8."""

    points: np.ndarray
    colours: np.ndarray


def points_per_cloud(frames: int) -> int:
    """Return how many points of each cloud make about POINTS in all, once the least confident are left out."""
    return max(1, int(POINTS / (1 - LEAST_CONFIDENT) / max(frames, 1)))


def assemble(clouds: Sequence[Cloud], poses: Sequence[Pose]) -> ColouredPoints:
    """Place each cloud by the pose of the same stamp, and leave out the least confident points of all together."""
    places = {pose.stamp: pose.matrix for pose in poses}
    placed = [(cloud, places[cloud.stamp]) for cloud in clouds if cloud.stamp in places]
    if not placed:
        return ColouredPoints(np.empty((0, 3), np.float32), np.empty((0, 3), np.uint8))
    points = np.concatenate([cloud.points @ pose[:3, :3].T + pose[:3, 3] for cloud, pose in placed])
    colours = np.concatenate([cloud.colours for cloud, _ in placed])
    confidence = np.concatenate([cloud.confidence for cloud, _ in placed])
    kept = np.sort(np.argsort(confidence, kind='stable')[int(LEAST_CONFIDENT * len(confidence)):])
    return ColouredPoints(points[kept].astype(np.float32), colours[kept])


def write_ply(path: Path, cloud: ColouredPoints) -> None:
    """Write a binary PLY file with colours."""
    vertices = np.empty(len(cloud.points), VERTEX)
    for i, axis in enumerate('xyz'):
        vertices[axis] = cloud.points[:, i]
    for i, colour in enumerate(('red', 'green', 'blue')):
        vertices[colour] = cloud.colours[:, i]
    kinds = {'<f4': 'float', '|u1': 'uchar'}
    properties = ''.join(f'property {kinds[VERTEX[name].str]} {name}\n' for name in VERTEX.names)
    with open(path, 'wb') as file:
        file.write(f'ply\nformat binary_little_endian 1.0\nelement vertex {len(vertices)}\n{properties}end_header\n'
                   .encode('ascii'))
        file.write(vertices.tobytes())
