# SPDX-License-Identifier: Apache-2.0
"""nerfstudio's transforms.json with images, depth and a cloud to begin with.

Poses are camera-to-world with OpenGL's axes of the camera (x right, y up, z backward), in our world. Pixel centres lie
at halves: the principal point is half a pixel larger than ours. Depth is PNG of 16 bits in millimetres, 0 for none.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ttt3r_ros.export.pictures import link
from ttt3r_ros.reconstruction import cloud_files

if TYPE_CHECKING:
    from ttt3r_ros.offline.recording import Recorded

FROM_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])
FARTHEST_MM = 65535


def write(recorded: Recorded, folder: Path) -> list[str]:
    """Write nerfstudio/transforms.json, images, depth and points.ply."""
    room = folder / 'nerfstudio'
    for name in ('images', 'depth'):
        (room / name).mkdir(parents=True, exist_ok=True)
    frames = []
    for shot, intrinsics in recorded.seen():
        picture = f'{shot.name}.png'
        link(recorded.image_file(shot), room / 'images' / picture)
        _write_depth(room / 'depth' / picture, recorded.array('depth', shot))
        frames.append({'file_path': f'images/{picture}', 'depth_file_path': f'depth/{picture}',
                       'transform_matrix': (np.array(shot.pose) @ FROM_OPENGL).tolist(),
                       'fl_x': intrinsics[0, 0], 'fl_y': intrinsics[1, 1], 'cx': intrinsics[0, 2] + 0.5,
                       'cy': intrinsics[1, 2] + 0.5, 'w': shot.size[0], 'h': shot.size[1]})
    (room / 'points.ply').write_bytes(cloud_files.ply(recorded.cloud()))
    (room / 'transforms.json').write_text(json.dumps(
        {'camera_model': 'OPENCV', 'k1': 0.0, 'k2': 0.0, 'p1': 0.0, 'p2': 0.0, 'depth_unit_scale_factor': 1e-3,
         'ply_file_path': 'points.ply', 'frames': frames}, indent=1) + '\n')
    return ['nerfstudio']


def _write_depth(path: Path, depth: np.ndarray) -> None:
    millimetres = np.rint(np.nan_to_num(depth, nan=0.0) * 1e3)
    millimetres[millimetres > FARTHEST_MM] = 0
    path.write_bytes(cv2.imencode('.png', millimetres.astype(np.uint16))[1])
