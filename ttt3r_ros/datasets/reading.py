# SPDX-License-Identifier: Apache-2.0
"""What the loaders read alike: depth images, matrices in text, files by number, poses of which some are missing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from scipy.spatial.transform import Rotation

from ttt3r_ros.sequences.picture_files import opened
from ttt3r_ros.sequences.sequence import SequenceError, even_stamps
from ttt3r_ros.sequences.trajectory import Trajectory, text_lines

OPENGL = np.diag((1.0, -1.0, -1.0, 1.0))  # camera axes x right, y up, z back, from and to optical ones
NOT_A_TURN = 0.01
CENTRE = 0.5  # of the first pixel, as COLMAP and nerfstudio tell principal points
ROUNDED = 1.5  # pixels by which the sides of a picture made smaller are beside its shape


def depth_image(file: Path, per_metre: float, none: Iterable[int] = (0,), farthest: float = np.inf) -> np.ndarray:
    """Return a depth image, float32 (h, w) metres, NaN where a value stands for none or lies beyond farthest."""
    with opened(file) as picture:
        raw = np.array(picture if picture.mode.startswith('I') else Picture.Image.convert(picture, 'I'), np.float32)
    depth = raw / np.float32(per_metre)
    return np.where(np.isin(raw, tuple(none)) | (depth > farthest), np.float32(np.nan), depth)


def listed_file(folder: Path, name: str) -> Path:
    """Return the file that a list in a folder names, one of Windows with backslashes too."""
    file = folder / name
    return file if '\\' not in name or file.is_file() else folder / name.replace('\\', '/')


def camera(fx: float, fy: float, cx: float, cy: float) -> np.ndarray:
    """Return the intrinsics, (3, 3)."""
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], np.float64)


def camera_of(file: Path, size: tuple[float, float] | None, fx: float, fy: float, cx: float, cy: float) -> np.ndarray:
    """Return the intrinsics (3, 3) of a picture, by those of pictures of a size (width, height), None: of its own.

    The first pixel's centre is at halves there, and at 0 here. Raises SequenceError where one is no scaled other.
    """
    across = down = 1.0
    if size is not None:
        with opened(file) as picture:
            width, height = picture.size
        across, down = width / size[0], height / size[1]
        if abs(across / down - 1) > ROUNDED / min(width, height):
            raise SequenceError(f'{file} has {width}×{height} pixels, and its calibration is of {size[0]:g}×{size[1]:g}'
                                ', of another shape: put the images there that it belongs to, or correct it')
    return camera(fx * across, fy * down, cx * across - CENTRE, cy * down - CENTRE)


def numbered(folder: Path, pattern: str) -> dict[int, Path]:
    """Return the files of a folder by their number, in its order; pattern: a regular expression with one group."""
    matches = ((re.fullmatch(pattern, file.name), file) for file in folder.iterdir())
    return dict(sorted((int(match[1]), file) for match, file in matches if match))


def numbers(path: Path, count: int | None = None) -> list[list[float]]:
    """Return the numbers of each line that is not empty; raises SequenceError naming the line that has others than
    `count`."""
    rows = []
    for index, line in enumerate(lines(path), 1):
        fields = line.split('#')[0].split()
        try:
            row = [float(field) for field in fields]
        except ValueError:
            row = None
        if row is None or row and count is not None and len(row) != count:
            wanted = 'numbers' if count is None else f'{count} numbers'
            raise SequenceError(f'{path}, line {index}: "{line.strip()[:80]}" is not {wanted}; correct it')
        if row:
            rows.append(row)
    return rows


def lines(path: Path) -> list[str]:
    """Return the lines of a text file; raises SequenceError naming it."""
    try:
        return text_lines(path)
    except (ValueError, OSError) as error:
        raise SequenceError(f'{path} cannot be read ({error}); correct the file or remove it') from error


def matrix(path: Path, rows: int = 4) -> np.ndarray:
    """Return a matrix (rows, 4) of a text file, a pose as (4, 4)."""
    values = [value for row in numbers(path) for value in row]
    if len(values) not in (4 * rows, 16):
        raise SequenceError(f'{path} is no {rows}×4 matrix; correct the file or remove it')
    return square(np.reshape(values, (-1, 4)))


def square(values: np.ndarray) -> np.ndarray:
    """Return (3, 4) or (4, 4) as (4, 4)."""
    return np.vstack((values[:3], (0.0, 0.0, 0.0, 1.0)))


def quaternion_poses(rows: Iterable[Iterable[float]]) -> list[np.ndarray]:
    """Return the poses (4, 4) of rows x y z qx qy qz qw."""
    poses = []
    for x, y, z, *turn in rows:
        pose = np.full((4, 4), np.nan)
        if np.isfinite((x, y, z, *turn)).all() and any(turn):
            pose = np.eye(4)
            pose[:3, :3], pose[:3, 3] = Rotation.from_quat(turn).as_matrix(), (x, y, z)
        poses.append(pose)
    return poses


def trajectory(stamps: Iterable[int], poses: Iterable[np.ndarray | None]) -> Trajectory:
    """Return the poses (4, 4), camera to world, that are there; those that are not finite, or no turn, are counted."""
    kept = [(stamp, pose) for stamp, pose in zip(stamps, poses, strict=True) if pose is not None]
    good = [(stamp, pose) for stamp, pose in kept if _is_pose(pose)]
    return Trajectory(np.array([stamp for stamp, _ in good], np.int64),
                      np.array([pose for _, pose in good], np.float64).reshape(-1, 4, 4), len(kept) - len(good))


def _is_pose(pose: np.ndarray) -> bool:
    turn = pose[:3, :3]
    return bool(np.isfinite(pose).all() and np.abs(turn @ turn.T - np.eye(3)).max() < NOT_A_TURN
                and np.linalg.det(turn) > 0)


def at_rate(files: Iterable[Path], rate: float) -> list[tuple[int, Path]]:
    """Return (stamp in nanoseconds, file), the stamps even from 0."""
    files = list(files)
    return list(zip(even_stamps(len(files), rate), files))
