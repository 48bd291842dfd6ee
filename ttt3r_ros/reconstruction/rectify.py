# SPDX-License-Identifier: Apache-2.0
"""Lens distortion taken out of images, as the camera's calibration describes it (sensor_msgs/CameraInfo, REP-104)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

# How many coefficients a model may have. OpenCV tells plumb_bob and rational_polynomial apart by their number alone.
POLYNOMIAL = (4, 5, 8, 12, 14)
MODELS = {'plumb_bob': POLYNOMIAL, 'rational_polynomial': POLYNOMIAL, 'equidistant': (4,)}
ALSO_KNOWN_AS = {'fisheye': 'equidistant', 'kannala_brandt': 'equidistant', 'kannala_brandt4': 'equidistant',
                 'radtan': 'plumb_bob', 'brown_conrady': 'plumb_bob'}
WITHOUT_DISTORTION = ('', 'none', 'pinhole', 'perspective')
FOCAL_LENGTHS = 0.001, 1000.0  # of an image's longer side: beyond any fisheye, and any telescope on a robot
LEAST_COVERED = 0.01  # of the rectified image: a K in other units than pixels shows as good as nothing
LONGEST = 32_766  # pixels a side: OpenCV's maps count in 16 bits
DO_WITHOUT = 'do without camera_info, for which rectify, intrinsics, depth.resolution and scale_source may ask'
CALIBRATE = f'calibrate the camera, or {DO_WITHOUT}'


class CalibrationError(ValueError):
    """A calibration that describes no camera, or not this image's; the message names the field and the remedy."""


class Uncalibrated(CalibrationError):
    """K[0] is 0, by which a driver says that the camera was never calibrated."""


@dataclass(frozen=True)
class Window:
    """The part of a sensor's picture that its images show, and how many of its pixels make one: CameraInfo's roi and
    binning, (y, x) each. K and P are of the whole picture at full resolution."""

    offset: tuple[int, int]
    binning: tuple[int, int]

    def through(self, matrix: Sequence[float]) -> list[float]:
        """Return K, 9 numbers, or P, 12, of the images; anything else as it is."""
        numbers = [float(value) for value in matrix]
        if len(numbers) not in (9, 12):
            return numbers
        rows = np.array(numbers).reshape(3, -1)
        for row, (offset, binning) in enumerate(zip(self.offset[::-1], self.binning[::-1], strict=True)):
            rows[row, 2] -= offset
            rows[row] /= binning
        return rows.ravel().tolist()


def window(size: tuple[int, int], full: tuple[int, int], offset: tuple[int, int], region: tuple[int, int],
           binning: tuple[int, int]) -> Window:
    """Return what images of a size show, all (height, width), as a CameraInfo tells. Raises CalibrationError.

    full: its height and width; offset and region: its roi, a region of 0: up to the edge; binning: 0 for 1. Images of
    the full size are whole and not binned, whatever it says.
    """
    binning = tuple(max(1, number) for number in binning)
    expected = [(part or whole - start) / number
                for part, whole, start, number in zip(region, full, offset, binning, strict=True)]
    if tuple(size) != tuple(full) and all(abs(side - wanted) < 1 for side, wanted in zip(size, expected, strict=True)):
        return Window(tuple(offset), binning)
    if tuple(size) != tuple(full):
        cut = '' if expected == list(full) else f', by its roi and binning for {expected[1]:g}×{expected[0]:g}'
        raise CalibrationError(f'width and height: the calibration is for {full[1]}×{full[0]} pixels{cut}; the image '
                               f'has {size[1]}×{size[0]}: calibrate at the resolution in use, or publish the '
                               'camera_info that belongs to it')
    return Window((0, 0), (1, 1))


class Rectifier:
    """Undistorts the images of one calibrated camera.

    `size` (h, w) in pixels. `raw` and `intrinsics` (3, 3) float64: of the image as it comes, and rectified. `bends`:
    the lens has distortion. `covered` bool (h, w): the pixels of the rectified image that the camera sees; the others
    come out black.
    """

    def __init__(self, size: tuple[int, int], k: Sequence[float], distortion_model: str, d: Sequence[float],
                 r: Sequence[float] = (), p: Sequence[float] = ()) -> None:
        """Take the fields of a CameraInfo of the images themselves (see `Window`); size (height, width).

        k (3, 3): the raw image's intrinsics; a skew is left out, as OpenCV and image_geometry do. distortion_model: one
        of MODELS or ALSO_KNOWN_AS, in any case; one of WITHOUT_DISTORTION, or any of them with d zero or empty: none. r
        (3, 3): from the camera's to the rectified axes; empty or zeros: as they are. p (3, 4): the rectified image's
        projection, of which the left (3, 3) counts; empty or p[0] = 0: as k. Raises Uncalibrated and CalibrationError.
        """
        self.size = _size(size)
        self.raw = raw = _of_a_camera('K', k, self.size)
        model, distortion = _distortion(distortion_model, d)
        self.bends = bool(distortion.any())
        rotation = _rotation(r)
        self.intrinsics = _projection(p, raw, self.size)
        self.covered = np.ones(self.size, bool)
        self._maps = None
        if self.bends or not np.array_equal(rotation, np.eye(3)) or not np.array_equal(raw, self.intrinsics):
            plan = cv2.fisheye.initUndistortRectifyMap if model == 'equidistant' else \
                cv2.initUndistortRectifyMap
            height, width = self.size
            u, v = plan(raw, distortion, rotation, self.intrinsics, (width, height), cv2.CV_32FC1)
            self.covered = (u >= 0) & (u <= width - 1) & (v >= 0) & (v <= height - 1)
            if self.covered.mean() < LEAST_COVERED:
                raise CalibrationError(f'K, P and R show nothing of what the camera sees: {CALIBRATE}')
            self._maps = cv2.convertMaps(u, v, cv2.CV_16SC2)

    @property
    def distorts(self) -> bool:
        """Whether there is anything to undistort."""
        return self._maps is not None

    def rectify(self, image: np.ndarray, nearest: bool = False) -> np.ndarray:
        """Return the rectified image, (h, w) or (h, w, c), of one of the same size and type.

        nearest: take pixels as they are, as of depth, where none lies between two. Without distortion that is the image
        itself. Raises CalibrationError for an image of another size.
        """
        if image.shape[:2] != self.size:
            raise CalibrationError(f'width and height: the calibration is for {self.size[1]}×{self.size[0]} pixels, '
                                   f'the image has {image.shape[1]}×{image.shape[0]}: calibrate at the resolution in '
                                   f'use, or publish the camera_info that belongs to it')
        kernel = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
        return cv2.remap(image, *self._maps, kernel) if self.distorts else image


def pinhole_of(field: str, numbers: Sequence[float], remedy: str = CALIBRATE) -> np.ndarray:
    """Return the 9 numbers of a field as intrinsics (3, 3), a skew left out.

    Raises Uncalibrated and CalibrationError, which name the field and the remedy.
    """
    matrix = _numbers(field, numbers, (9,), remedy).reshape(3, 3).copy()
    if matrix[0, 0] == 0:
        raise Uncalibrated(f'{field}[0] is 0: the camera is not calibrated; {remedy}')
    if matrix[0, 0] < 0 or matrix[1, 1] <= 0:
        raise CalibrationError(f'{field} has the focal lengths {matrix[0, 0]:g} and {matrix[1, 1]:g}, which must be '
                               f'positive: {remedy}')
    if matrix[1, 0] or not np.array_equal(matrix[2], (0, 0, 1)):
        raise CalibrationError(f'{field} must have the form [fx 0 cx; 0 fy cy; 0 0 1]: {remedy}')
    matrix[0, 1] = 0
    return matrix


def _of_a_camera(field: str, numbers: Sequence[float], size: tuple[int, int]) -> np.ndarray:
    """Return a field's intrinsics (3, 3), of images of a size (h, w), as some camera may have them."""
    matrix = pinhole_of(field, numbers)
    least, most = (bound * max(size) for bound in FOCAL_LENGTHS)
    if not all(least <= focal <= most for focal in (matrix[0, 0], matrix[1, 1])):
        raise CalibrationError(f'{field} has the focal lengths {matrix[0, 0]:g} and {matrix[1, 1]:g}, and no camera of '
                               f'{size[1]}×{size[0]} pixels has less than {least:g} or more than {most:g} pixels: '
                               f'{CALIBRATE}')
    return matrix


def _size(size: tuple[int, int]) -> tuple[int, int]:
    height, width = (int(side) for side in size)
    if min(height, width) <= 0:
        raise CalibrationError(f'width and height are {width}×{height}: the driver must fill them in')
    if max(height, width) > LONGEST:
        raise CalibrationError(f'width and height are {width}×{height}, and no side of more than {LONGEST} pixels can '
                               f'be undistorted: send smaller images, or {DO_WITHOUT}')
    return height, width


def _numbers(field: str, values: Sequence[float], counts: tuple[int, ...], remedy: str = CALIBRATE) -> np.ndarray:
    """Return values as a flat float64 array of one of those lengths."""
    numbers = np.asarray(values, np.float64).reshape(-1)
    if len(numbers) not in counts:
        wanted = ' or '.join(str(count) for count in counts)
        raise CalibrationError(f'{field} has {len(numbers)} numbers and needs {wanted}: {remedy}')
    if not np.isfinite(numbers).all():
        raise CalibrationError(f'{field} holds a number that is not finite: {remedy}')
    return numbers


def _distortion(name: str, d: Sequence[float]) -> tuple[str, np.ndarray]:
    """Return the model's own name and its coefficients, zeros without distortion."""
    plain = name.strip().lower().replace(' ', '_').replace('-', '_')
    model = ALSO_KNOWN_AS.get(plain, plain)
    if not np.any(d) and (model in MODELS or model in WITHOUT_DISTORTION):
        return model, np.zeros(4)
    if model not in MODELS:
        raise CalibrationError(f'distortion_model {name!r} is unknown, and D is not zero: calibrate with one of '
                               f'{", ".join(MODELS)}, or {DO_WITHOUT}')
    counts, numbers = MODELS[model], list(d)
    if len(numbers) > counts[0]:  # padded with zeros, to whatever length
        while len(numbers) > counts[0] and not numbers[-1]:
            numbers.pop()
        numbers += [0.0] * (min((count for count in counts if count >= len(numbers)), default=0) - len(numbers))
    return model, _numbers(f'D of the distortion_model {name}', numbers, counts)


def _rotation(r: Sequence[float]) -> np.ndarray:
    if not np.any(r):
        return np.eye(3)
    rotation = _numbers('R', r, (9,)).reshape(3, 3)
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-3 or np.linalg.det(rotation) < 0:
        raise CalibrationError(f'R is no rotation: {CALIBRATE}, or leave R the identity')
    return rotation


def _projection(p: Sequence[float], raw: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the rectified image's intrinsics (3, 3)."""
    if not len(p):
        return raw
    projection = _numbers('P', p, (12,)).reshape(3, 4)
    return _of_a_camera('P', projection[:, :3].ravel(), size) if projection[0, 0] else raw
