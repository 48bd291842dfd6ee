# SPDX-License-Identifier: Apache-2.0
"""The files of a COLMAP model: cameras and images, binary or text. Where both are there the binary ones count."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path

from ttt3r_ros.sequences.sequence import SequenceError

from .reading import lines

# Name and number of parameters, by number.
MODELS = (('SIMPLE_PINHOLE', 3), ('PINHOLE', 4), ('SIMPLE_RADIAL', 4), ('RADIAL', 5), ('OPENCV', 8),
          ('OPENCV_FISHEYE', 8), ('FULL_OPENCV', 12), ('FOV', 5), ('SIMPLE_RADIAL_FISHEYE', 4), ('RADIAL_FISHEYE', 5),
          ('THIN_PRISM_FISHEYE', 12))
OF_TWO = 'PINHOLE', 'OPENCV'  # that are read, with a focal length for each axis


@dataclass(frozen=True)
class View:
    """A registered image: world to camera as quaternion (w first) and shift, and its camera's number."""

    turn: tuple[float, ...]
    shift: tuple[float, ...]
    camera: int


class _Bytes:
    """A binary file, read from its beginning."""

    def __init__(self, path: Path) -> None:
        self._path, self._data, self._at = path, path.read_bytes(), 0

    def take(self, form: str) -> tuple:
        """Return what struct reads there."""
        form = '<' + form
        try:
            values = struct.unpack_from(form, self._data, self._at)
        except struct.error as error:
            raise SequenceError(f'{self._path} ends too early; take it from COLMAP again') from error
        self._at += struct.calcsize(form)
        return values

    def text(self) -> str:
        """Return the text up to a zero byte."""
        end = self._data.find(b'\0', self._at)
        if end < 0:
            raise SequenceError(f'{self._path} ends too early; take it from COLMAP again')
        text, self._at = self._data[self._at:end].decode(errors='replace'), end + 1
        return text

    def skip(self, size: int) -> None:
        """Pass bytes over."""
        self._at += size


Camera = tuple[str, tuple[float, ...], tuple[int, int]]  # its model's name, parameters, width and height


def read_cameras(model: Path) -> dict[int, Camera]:
    """Return each camera by its number. Raises SequenceError."""
    if (model / 'cameras.bin').is_file():
        data, found = _Bytes(model / 'cameras.bin'), {}
        for _ in range(data.take('Q')[0]):
            number, kind, *size = data.take('iiQQ')
            if not 0 <= kind < len(MODELS):
                raise SequenceError(f'{model / "cameras.bin"}: camera model {kind} is unknown; undistort the images')
            name, count = MODELS[kind]
            found[number] = name, data.take(f'{count}d'), tuple(size)
            if not _is_camera(*found[number]):
                raise SequenceError(f'{model / "cameras.bin"}: camera {number} is none; take it from COLMAP again')
        return found
    found = {}
    for number, fields in _rows(model / 'cameras.txt'):
        try:
            camera = fields[1], tuple(map(float, fields[4:])), (int(fields[2]), int(fields[3]))
            if not _is_camera(*camera):
                raise ValueError
            found[int(fields[0])] = camera
        except (ValueError, IndexError) as error:
            raise SequenceError(f'{model / "cameras.txt"}, line {number}: is no camera; correct it') from error
    return found


def read_images(model: Path) -> dict[str, View]:
    """Return the registered images by their names. Raises SequenceError."""
    if (model / 'images.bin').is_file():
        data, found = _Bytes(model / 'images.bin'), {}
        for _ in range(data.take('Q')[0]):
            _, *pose, camera = data.take('i7di')
            name = data.text()
            data.skip(24 * data.take('Q')[0])
            found[name] = View(tuple(pose[:4]), tuple(pose[4:]), camera)
        return found
    found = {}
    # An image's second line, of its points, may be empty or left out; names may have spaces.
    for number, fields in _rows(model / 'images.txt', 9):
        if len(fields) == 10 and not _all_numbers(fields[9].split()):
            try:
                values = [float(value) for value in fields[1:8]]
                found[fields[9].strip()] = View(tuple(values[:4]), tuple(values[4:]), int(fields[8]))
            except ValueError as error:
                raise SequenceError(f'{model / "images.txt"}, line {number}: is no image; correct it') from error
    return found


def _rows(path: Path, most: int = -1) -> list[tuple[int, list[str]]]:
    return [(number, line.split(maxsplit=most)) for number, line in enumerate(lines(path), 1)
            if line.strip() and not line.startswith('#')]


def _is_camera(model: str, values: tuple[float, ...], size: tuple[int, int]) -> bool:
    """Say whether a camera has as many parameters as its model, the first a focal length; of an unknown one any."""
    count = dict(MODELS).get(model, len(values))
    focal = values[:2] if model in OF_TWO else values[:1]
    return len(values) == count and all(map(math.isfinite, values)) and all(value > 0 for value in (*focal, *size))


def _all_numbers(fields: list[str]) -> bool:
    try:
        [float(field) for field in fields]
    except ValueError:
        return False
    return True
