# SPDX-License-Identifier: Apache-2.0
"""One camera's images as they are read: decoded and undistorted, the next one while this one is answered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sensor_msgs.msg import CameraInfo

from ttt3r_ros.reconstruction.rectify import CalibrationError
from ttt3r_ros.ros.calibration import Calibration
from ttt3r_ros.ros.conversions import nanoseconds
from ttt3r_ros.ros.images import CameraImage, ImageError, ImageReader
from ttt3r_ros.ros.job import Job


class Reading:
    """The inference thread's."""

    def __init__(self, images: ImageReader, calibration: Calibration) -> None:
        """Take what decodes and what undistorts."""
        self._images, self._calibration = images, calibration
        # An image that was read before its turn, and by which camera_info.
        self._ahead: tuple[Job, CameraImage, CameraInfo | None] | None = None

    def forget(self) -> None:
        """Drop what was read ahead: under other settings."""
        self._ahead = None

    def read(self, job: Job) -> CameraImage:
        """Return its image, undistorted if that is asked for. Raises ImageError and CalibrationError."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0] is job:
            self._calibration.info = ahead[2]
            return ahead[1]
        self._calibration.take(nanoseconds(job.message.header.stamp))
        image = self._images.read(job.message, whole=self._calibration.rectify)
        return replace(image, rgb=self._calibration.straighten(image.rgb))

    def ahead(self, job: Job) -> np.ndarray | None:
        """Return the image of a job whose turn has not come, None if nothing can be read."""
        held = self._calibration.info
        try:
            image = self.read(job)
            self._ahead = job, image, self._calibration.info
        except (ImageError, CalibrationError):
            return None  # told when its turn comes
        finally:
            self._calibration.info = held
        return image.rgb
