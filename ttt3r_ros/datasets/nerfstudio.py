# SPDX-License-Identifier: Apache-2.0
"""nerfstudio: transforms.json with poses in OpenGL axes, frames in any order, intrinsics of all or of each.

Its rays go through pixel centres at halves, and its principal points, COLMAP's mostly, are told so.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from ttt3r_ros.sequences.picture_files import natural
from ttt3r_ros.sequences.sequence import DEFAULT_RATE, SequenceError

from .contract import Dataset
from .reading import OPENGL, at_rate, camera_of, depth_image, listed_file, trajectory

LIST = 'transforms.json'
METRES_PER_UNIT = 1e-3
DEPTH_UNIT = 'depth_unit_scale_factor'
LENS = 'k1', 'k2', 'p1', 'p2', 'k3'
FILES, POSITIVE = ('file_path', 'depth_file_path'), ('fl_x', 'fl_y', 'w', 'h', DEPTH_UNIT)
NUMBERS = (*POSITIVE, 'cx', 'cy', *LENS)
PINHOLES = (None, 'OPENCV', 'PINHOLE', 'SIMPLE_PINHOLE')


class Nerfstudio(Dataset):
    """Images in the order of their names; the scale is that of whoever made the poses."""

    depth_registered = True
    metric = False
    remarks = ('the scale of the truth is arbitrary',)

    def __init__(self, root: Path, rate: float | None = None):
        told = _read(root / LIST)
        frames = {_file(root, frame): frame for frame in told['frames']}
        made = rate or DEFAULT_RATE
        self._take(root.resolve().name, 'nerfstudio', at_rate(sorted(frames, key=natural), made),
                   f'made, {made:g} a second', made, [])
        self.stamps_made = True
        self._root, self._told, self._frames_of = root, told, [frames[file] for file in self._files]
        self.intrinsics = self.intrinsics_of(0)
        lens = [float(self._value(0, name) or 0) for name in LENS]
        if any(lens) and self.intrinsics is not None:
            self.distortion = np.array(lens if lens[4] else lens[:4])
        self._take_truth(trajectory(self._stamps, [_pose(root, frame) @ OPENGL for frame in self._frames_of]))

    @classmethod
    def root(cls, path: Path) -> Path | None:
        """Return the path if it holds transforms.json."""
        return path if (path / LIST).is_file() else None

    def intrinsics_of(self, index: int) -> np.ndarray | None:
        """Return the image's own intrinsics (3, 3), or those of all; None if neither are told, or of no pinhole."""
        if self._value(index, 'camera_model') not in PINHOLES:
            return None
        told = {name: self._value(index, name) for name in ('fl_x', 'fl_y', 'cx', 'cy', 'w', 'h')}
        told = {name: float(value) for name, value in told.items() if value is not None}
        if not {'fl_x', 'cx', 'cy'} <= told.keys():
            return None
        size = (told['w'], told['h']) if {'w', 'h'} <= told.keys() else None
        return camera_of(self._files[index], size, told['fl_x'], told.get('fl_y', told['fl_x']), told['cx'], told['cy'])

    def depth(self, index: int) -> np.ndarray | None:
        """Return the depth of the image, float32 (h, w) in the truth's unit, NaN where there is none."""
        told = self._frames_of[index].get('depth_file_path')
        file = None if told is None else listed_file(self._root, told)
        if file is None or not file.is_file():
            return None
        return depth_image(file, 1 / float(self._told.get(DEPTH_UNIT) or METRES_PER_UNIT))

    def _value(self, index: int, name: str):
        return self._frames_of[index].get(name, self._told.get(name))


def _read(path: Path) -> dict:
    try:
        told = json.loads(path.read_text(encoding='utf-8-sig'))
        frames = told['frames']
        whole = frames and all({'file_path', 'transform_matrix'} <= frame.keys() for frame in frames)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise SequenceError(f'{path} is no list of frames with file_path and transform_matrix ({error}); correct '
                            'it') from error
    if not whole:
        raise SequenceError(f'{path}: each frame needs file_path and transform_matrix; correct it')
    for part in (told, *frames):
        for name, value in part.items():
            if not (name not in FILES or isinstance(value, str) or value is None and name != 'file_path') or (
                    name in NUMBERS and not _is_number(name, value)):
                raise SequenceError(f'{path}: {name} cannot be {json.dumps(value)[:80]}; correct it')
    return told


def _is_number(name: str, value: object) -> bool:
    """Say whether a value can be that of a field; a field may be null."""
    try:
        number = 1.0 if value is None else float(value)
    except (ValueError, TypeError):
        return False
    return math.isfinite(number) and (number > 0 or name not in POSITIVE)


def _file(root: Path, frame: dict) -> Path:
    file = listed_file(root, frame['file_path'])
    return file if file.suffix else file.with_suffix('.png')  # as converters of Blender scenes leave it out


def _pose(root: Path, frame: dict) -> np.ndarray:
    try:
        return np.array(frame['transform_matrix'], np.float64).reshape(4, 4)
    except (ValueError, TypeError) as error:
        raise SequenceError(f'{root / LIST}: the transform_matrix of {frame["file_path"]} is not 4×4; correct it') \
            from error
