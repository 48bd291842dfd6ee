# SPDX-License-Identifier: Apache-2.0
"""A folder of images, with the camera's truth and intrinsics beside them where they are known."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL import ImageOps

from .sequence import DEFAULT_RATE, NANOSECONDS, Image, Sequence, SequenceError, even_stamps
from .trajectory import Trajectory, read_tum

SUFFIXES = {'.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp', '.ppm', '.pgm'}
TRUTH, INTRINSICS, IMAGES = 'groundtruth_tum.txt', 'K.txt', 'rgb'

_log = logging.getLogger(__name__)


def image_files(folder: Path) -> list[Path]:
    """Return the folder's images in natural order: frame2 comes before frame10."""
    files = [f for f in folder.iterdir() if f.suffix.lower() in SUFFIXES and not f.name.startswith('.')]
    return sorted(files, key=lambda f: [(not part.isdigit(), int(part) if part.isdigit() else 0, part)
                                        for part in re.split(r'(\d+)', f.name) if part])


class ImageFolder(Sequence):
    """The images of `folder`, or of its subfolder `rgb`.

    `groundtruth_tum.txt` and `K.txt` (3×3) of the folder are used where they are. With as many poses
    as images the former gives the stamps; else it is ignored and stamps are index / rate (10 Hz by default).
    Raises SequenceError if there is no image, or one of those files cannot be read.
    """

    def __init__(self, folder: Path, rate: float | None = None):
        within = folder / IMAGES if (folder / IMAGES).is_dir() else folder
        self._files = image_files(within)
        if not self._files:
            raise SequenceError(f'{within} holds no image; put files there that end in '
                                f'{", ".join(sorted(SUFFIXES))}')
        self.name = folder.resolve().name
        self.count = len(self._files)
        self.intrinsics = _intrinsics(folder / INTRINSICS)
        self.truth = self._truth(folder / TRUTH)
        if self.truth is None:
            self.rate = rate or DEFAULT_RATE
            self._stamps = even_stamps(self.count, self.rate)
        else:
            self._stamps = [int(stamp) for stamp in self.truth.stamps]
            span = self._stamps[-1] - self._stamps[0]
            self.rate = rate or ((self.count - 1) * NANOSECONDS / span if span > 0 else DEFAULT_RATE)

    def __iter__(self) -> Iterator[Image]:
        for stamp, file in zip(self._stamps, self._files):
            yield Image(stamp, read_image(file))

    def _truth(self, path: Path) -> Trajectory | None:
        if not path.is_file():
            return None
        try:
            truth = read_tum(path)
        except ValueError as error:
            raise SequenceError(f'{error}; correct the file or remove it') from error
        if len(truth) != self.count:
            _log.warning('%s has %d poses for %d images and is left aside', path, len(truth), self.count)
            return None
        if (np.diff(truth.stamps) <= 0).any():
            raise SequenceError(f'the stamps of {path} do not increase; sort the file and drop equal stamps')
        return truth


def read_image(file: Path) -> np.ndarray:
    """Return an image file as uint8 (h, w, 3) RGB, upright; raises SequenceError naming the file."""
    try:
        with Picture.open(file) as picture:
            if picture.mode.startswith(('I', 'F')):
                raise SequenceError(f'{file} has more than 8 bits a channel; convert it to 8 bits')
            return np.array(ImageOps.exif_transpose(picture).convert('RGB'))
    except (OSError, SyntaxError, ValueError) as error:  # Pillow raises SyntaxError for a broken PNG
        raise SequenceError(f'{file} cannot be read as an image ({error}); replace or remove it') from error


def _intrinsics(path: Path) -> np.ndarray | None:
    if not path.is_file():
        return None
    try:
        matrix = np.loadtxt(path, dtype=np.float64)
    except ValueError as error:
        raise SequenceError(f'{path} is no 3×3 matrix ({error}); correct the file or remove it') from error
    if matrix.shape != (3, 3) or not matrix[0, 0] > 0 or not matrix[1, 1] > 0:
        raise SequenceError(f'{path} is no 3×3 camera matrix; correct the file or remove it')
    return matrix
