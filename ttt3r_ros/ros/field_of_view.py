# SPDX-License-Identifier: Apache-2.0
"""How much of the world the network sees at once, by camera_info, beside what its weights were trained on."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import CameraInfo

from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.rectify import CalibrationError
from ttt3r_ros.reconstruction.weights_profile import Source, TrainedOn, compare
from ttt3r_ros.ros.calibration import Calibration
from ttt3r_ros.ros.log import Log


class FieldOfView:
    """Warns where it lies outside of training, once for each camera_info; the inference thread.

    `degrees`: across the part of the image that the network is given, None while nobody says.
    """

    def __init__(self, log: Log, calibration: Calibration, trained_on: TrainedOn) -> None:
        """Take what knows camera_info, and what the weights have seen."""
        self._log, self._calibration, self._trained_on = log, calibration, trained_on
        self._judged: tuple[CameraInfo, PixelMap] | None = None
        self.degrees: float | None = None

    def look(self, pixel_map: PixelMap) -> None:
        """Take where the network's image lies in the camera's."""
        info = self._calibration.info
        if info is None or self._judged is not None and self._judged[0] is info and self._judged[1] == pixel_map:
            return
        self._judged = info, pixel_map
        try:
            intrinsics, _ = self._calibration.pinhole(pixel_map.original)
        except CalibrationError:
            return  # told by what needs it
        focal = intrinsics[0, 0] / pixel_map.to_original(np.eye(3))[0, 0]
        before, self.degrees = self.degrees, float(np.degrees(2 * np.arctan(pixel_map.size[1] / 2 / focal)))
        if self._trained_on.fields_of_view is None or before == self.degrees:
            return
        for reason in compare(TrainedOn(fields_of_view=self._trained_on.fields_of_view),
                              Source(field_of_view=self.degrees)).outside:
            self._log.warning(f'the weights have not seen such a camera: {reason}; expect worse poses and depth')
