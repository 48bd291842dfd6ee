# SPDX-License-Identifier: Apache-2.0
"""A COLMAP model: cameras, images and points, binary and as text, and the images it speaks of.

COLMAP's poses are world-to-camera with the quaternion's w first, its axes are ours, and its pixel centres lie at
halves: the principal point is half a pixel larger than ours. Each image has a camera of its own, as each has a focal
length of its own. Points have no tracks.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from ttt3r_ros.export.pictures import link

if TYPE_CHECKING:
    from ttt3r_ros.offline.recording import Recorded
    from ttt3r_ros.reconstruction.cloud import Cloud

PINHOLE = 1
POINT = np.dtype([('id', '<u8'), ('xyz', '<f8', 3), ('rgb', 'u1', 3), ('error', '<f8'), ('track', '<u8')])
MOST_POINTS = 200_000  # what reads COLMAP models begins with few points, and text is long


def write(recorded: Recorded, folder: Path) -> list[str]:
    """Write colmap/sparse/0 (binary), colmap/text and colmap/images."""
    binary, text, images = (folder / 'colmap' / name for name in ('sparse/0', 'text', 'images'))
    for made in (binary, text, images):
        made.mkdir(parents=True, exist_ok=True)
    cameras, views = [], []
    for shot, intrinsics in recorded.seen():
        fx, fy, cx, cy = (*intrinsics[[0, 1], [0, 1]], *(intrinsics[:2, 2] + 0.5))
        inverse = np.linalg.inv(np.array(shot.pose))
        x, y, z, w = Rotation.from_matrix(inverse[:3, :3]).as_quat()
        cameras.append((shot.number + 1, *shot.size, (fx, fy, cx, cy)))
        views.append((shot.number + 1, (w, x, y, z, *inverse[:3, 3]), f'{shot.name}.png'))
        link(recorded.image_file(shot), images / f'{shot.name}.png')
    cloud = recorded.cloud(MOST_POINTS)
    _write_binary(binary, cameras, views, cloud)
    _write_text(text, cameras, views, cloud)
    return ['colmap']


def _write_binary(folder: Path, cameras: list, views: list, cloud: Cloud) -> None:
    with (folder / 'cameras.bin').open('wb') as file:
        file.write(struct.pack('<Q', len(cameras)))
        for number, width, height, parameters in cameras:
            file.write(struct.pack('<iiQQ4d', number, PINHOLE, width, height, *parameters))
    with (folder / 'images.bin').open('wb') as file:
        file.write(struct.pack('<Q', len(views)))
        for number, pose, name in views:
            file.write(struct.pack('<i7di', number, *pose, number) + name.encode() + b'\0' + struct.pack('<Q', 0))
    points = np.zeros(len(cloud.points), POINT)
    points['id'], points['xyz'], points['rgb'] = np.arange(1, len(points) + 1), cloud.points, cloud.colours
    (folder / 'points3D.bin').write_bytes(struct.pack('<Q', len(points)) + points.tobytes())


def _write_text(folder: Path, cameras: list, views: list, cloud: Cloud) -> None:
    def numbers(values) -> str:
        return ' '.join(repr(float(value)) for value in values)

    (folder / 'cameras.txt').write_text(''.join(
        f'{number} PINHOLE {width} {height} {numbers(parameters)}\n' for number, width, height, parameters in cameras))
    # The second line of each, its points, is empty, and must be there.
    (folder / 'images.txt').write_text(''.join(
        f'{number} {numbers(pose)} {number} {name}\n\n' for number, pose, name in views))
    (folder / 'points3D.txt').write_text(''.join(
        f'{number} {numbers(xyz)} {r} {g} {b} 0\n'
        for number, (xyz, (r, g, b)) in enumerate(zip(cloud.points, cloud.colours, strict=True), 1)))
