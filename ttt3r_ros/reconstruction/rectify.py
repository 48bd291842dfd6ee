# SPDX-License-Identifier: Apache-2.0
"""Lens distortion taken out of images, as the camera's calibration describes it (sensor_msgs/CameraInfo, REP-104)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

# How many coefficients a model may have. None at all: no distortion.
MODELS = {'plumb_bob': (4, 5), 'rational_polynomial': (8, 12, 14), 'equidistant': (4,)}
CALIBRATE = 'calibrate the camera, or turn rectification off'


class CalibrationError(ValueError):
    """A calibration that describes no camera, or not this image's; the message names the field and the remedy."""


class Uncalibrated(CalibrationError):
    """K[0] is 0, by which a driver says that the camera was never calibrated."""


class Rectifier:
    """Undistorts the images of one calibrated camera.

    `size` (h, w) in pixels. `intrinsics` (3, 3) float64: of the rectified image. `covered` bool (h, w): the pixels of
    the rectified image that the camera sees; the others come out black.
    """

    def __init__(self, size: tuple[int, int], k: Sequence[float], distortion_model: str, d: Sequence[float],
                 r: Sequence[float] = (), p: Sequence[float] = ()) -> None:
        """Take the fields of a CameraInfo of full resolution; size (height, width).

        k (3, 3): the raw image's intrinsics. distortion_model: one of MODELS, or empty where d is. r (3, 3): from
        the camera's to the rectified axes; empty or zeros: as they are. p (3, 4): the rectified image's projection,
        of which the left (3, 3) counts; empty or p[0] = 0: as k. Raises Uncalibrated and CalibrationError.
        """
        self.size = _size(size)
        raw = _intrinsics('K', _numbers('K', k, (9,)).reshape(3, 3))
        distortion = _distortion(distortion_model, d)
        rotation = _rotation(r)
        self.intrinsics = _projection(p, raw)
        self.covered = np.ones(self.size, bool)
        self._maps = None
        if distortion.any() or not np.array_equal(rotation, np.eye(3)) or not np.array_equal(raw, self.intrinsics):
            plan = cv2.fisheye.initUndistortRectifyMap if distortion_model == 'equidistant' else \
                cv2.initUndistortRectifyMap
            height, width = self.size
            u, v = plan(raw, distortion, rotation, self.intrinsics, (width, height), cv2.CV_32FC1)
            self.covered = (u >= 0) & (u <= width - 1) & (v >= 0) & (v <= height - 1)
            if not self.covered.any():
                raise CalibrationError(f'P and R show nothing of what the camera sees: {CALIBRATE}')
            self._maps = cv2.convertMaps(u, v, cv2.CV_16SC2)

    @property
    def distorts(self) -> bool:
        """Whether there is anything to undistort."""
        return self._maps is not None

    def rectify(self, image: np.ndarray) -> np.ndarray:
        """Return the rectified image, (h, w) or (h, w, c), of one of the same size and type.

        Without distortion that is the image itself. Raises CalibrationError for an image of another size.
        """
        if image.shape[:2] != self.size:
            raise CalibrationError(f'width and height: the calibration is for {self.size[1]}×{self.size[0]} pixels, '
                                   f'the image has {image.shape[1]}×{image.shape[0]}: calibrate at the resolution in '
                                   f'use, or publish the camera_info that belongs to it')
        return cv2.remap(image, *self._maps, cv2.INTER_LINEAR) if self.distorts else image


def _size(size: tuple[int, int]) -> tuple[int, int]:
    height, width = (int(side) for side in size)
    if min(height, width) <= 0:
        raise CalibrationError(f'width and height are {width}×{height}: the driver must fill them in')
    return height, width


def _numbers(field: str, values: Sequence[float], counts: tuple[int, ...]) -> np.ndarray:
    """Return values as a flat float64 array of one of those lengths."""
    numbers = np.asarray(values, np.float64).reshape(-1)
    if len(numbers) not in counts:
        wanted = ' or '.join(str(count) for count in counts)
        raise CalibrationError(f'{field} has {len(numbers)} numbers and needs {wanted}: {CALIBRATE}')
    if not np.isfinite(numbers).all():
        raise CalibrationError(f'{field} holds a number that is not finite: {CALIBRATE}')
    return numbers


def _intrinsics(field: str, matrix: np.ndarray) -> np.ndarray:
    if matrix[0, 0] == 0:
        raise Uncalibrated(f'{field}[0] is 0: the camera is not calibrated; {CALIBRATE}')
    if matrix[0, 0] < 0 or matrix[1, 1] <= 0:
        raise CalibrationError(f'{field} has the focal lengths {matrix[0, 0]:g} and {matrix[1, 1]:g}, which must be '
                               f'positive: {CALIBRATE}')
    # OpenCV's maps leave the skew out.
    if matrix[1, 0] or matrix[0, 1] or not np.array_equal(matrix[2], (0, 0, 1)):
        raise CalibrationError(f'{field} must have the form [fx 0 cx; 0 fy cy; 0 0 1]: {CALIBRATE}')
    return matrix


def _distortion(model: str, d: Sequence[float]) -> np.ndarray:
    if not np.any(d) and (model in MODELS or not model):
        return np.zeros(4)
    if model not in MODELS:
        raise CalibrationError(f'distortion_model {model!r} is unknown: calibrate with one of {", ".join(MODELS)}, '
                               f'or turn rectification off')
    return _numbers(f'D of the distortion_model {model}', d, MODELS[model])


def _rotation(r: Sequence[float]) -> np.ndarray:
    if not np.any(r):
        return np.eye(3)
    rotation = _numbers('R', r, (9,)).reshape(3, 3)
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-3 or np.linalg.det(rotation) < 0:
        raise CalibrationError(f'R is no rotation: {CALIBRATE}, or leave R the identity')
    return rotation


def _projection(p: Sequence[float], raw: np.ndarray) -> np.ndarray:
    """Return the rectified image's intrinsics (3, 3)."""
    if not len(p):
        return raw
    projection = _numbers('P', p, (12,)).reshape(3, 4)
    return _intrinsics('P', projection[:, :3].copy()) if projection[0, 0] else raw
