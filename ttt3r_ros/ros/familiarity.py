# SPDX-License-Identifier: Apache-2.0
"""The camera and its pictures beside what the weights were trained on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from sensor_msgs.msg import CameraInfo

from ttt3r_ros.reconstruction.black_bars import BlackBars
from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.rectify import CalibrationError
from ttt3r_ros.reconstruction.repeats import Repeats
from ttt3r_ros.reconstruction.weights_profile import Source, TrainedOn, compare
from ttt3r_ros.ros.calibration import Calibration
from ttt3r_ros.ros.diagnostics import Health
from ttt3r_ros.ros.log import Log

WINDOW = 100  # trusted frames; docs/tracking.md says how often so many were strange
SAME_LENS = 0.05  # of the focal length from one camera_info to the next, at most: one that zooms is followed


class Familiarity:
    """Warns of a field of view outside of training, once for each camera_info, of a lens that is not undistorted, of
    black bars, of images that come several times, and of pictures of which the weights are less sure than they were of
    training's; the inference thread.

    `degrees`: the view across the part of the image that the network is given, None while nobody says.
    """

    def __init__(self, log: Log, health: Health, calibration: Calibration, trained_on: TrainedOn,
                 another_lens: Callable[[], None]) -> None:
        """Take what knows camera_info, what the weights have seen, and what is told of another camera or lens."""
        self._log, self._health, self._calibration, self._trained_on = log, health, calibration, trained_on
        self._another_lens = another_lens
        self._camera = ''  # the last image's frame
        self._focal: float | None = None  # parts of the width that the network is given, None while nobody says
        self._usual = TrainedOn(confidence=trained_on.confidence)
        self._sure: deque[float] = deque(maxlen=WINDOW)
        self._bars, self._repeats = BlackBars(), Repeats()
        self._judged: tuple[CameraInfo, tuple[int, int]] | None = None
        self._bends = False
        self.degrees: float | None = None

    def expect(self, camera: str) -> None:
        """Take in whose frame the image is that is answered next: another camera has another lens."""
        if self._camera not in ('', camera):
            self._forget_lens()
        self._camera = camera

    def look(self, frame: Frame, left_out: np.ndarray | None) -> None:
        """Take what an image was answered with; left_out: pixels, bool (h, w), that are not looked at for bars."""
        focal = self._focal
        self._look_at_camera(frame.pixel_map)
        if None not in (focal, self._focal) and abs(np.log(self._focal / focal)) > SAME_LENS:
            self._forget_lens()
        picture = self._bars.look(frame.image, frame.pixel_map, left_out)
        if picture is not None:
            height, width = frame.pixel_map.original
            self._log.warning(f'{picture}, in the driver or by image_proc::CropDecimateNode with '
                              f'offset_x {round(picture.x * width)}, offset_y {round(picture.y * height)}, '
                              f'width {round(picture.width * width)}, height {round(picture.height * height)}')
        times = self._repeats.look(frame.image)
        if times is not None:
            self._log.warning(f'each image comes {times} times: resets count images, and come too soon. Lower the rate '
                              f'of the driver, or let "ros2 run topic_tools drop TOPIC {times - 1} {times}" thin them')
        if frame.trusted and self._trained_on.confidence is not None:
            self._look_at_confidence(frame.confidence_median)

    def _forget_lens(self) -> None:
        self._another_lens()
        self._bars, self._repeats = BlackBars(), Repeats()

    def _look_at_confidence(self, confidence: float) -> None:
        self._sure.append(confidence)
        if len(self._sure) < WINDOW:
            return
        outside = compare(self._usual, Source(confidence=float(np.median(self._sure)))).outside
        strange = (f"the weights are less sure of these pictures than of training's: {outside[0]}; poses, metres and "
                   'depth may be far off') if outside else None
        if strange and not self._health.strange:
            self._log.warning(strange)
        elif self._health.strange and not strange:
            self._log.info('the weights are as sure of the pictures again as they were in training')
        self._health.strange = strange

    def _look_at_camera(self, pixel_map: PixelMap) -> None:
        info = self._calibration.info
        if info is None or self._judged is not None and self._judged[0] is info and (
                self._judged[1] == pixel_map.original):
            return
        self._judged = info, pixel_map.original
        try:
            intrinsics, _ = self._calibration.pinhole(pixel_map.original)
            before, self._bends = self._bends, self._calibration.bends(pixel_map.original)
        except CalibrationError:
            self.degrees = self._focal = None
            return  # told by what needs it
        if self._bends and not before:
            self._log.warning('camera_info says that the lens bends lines, and rectify is false: what images tell of '
                              'that is less sure, and takes some of them to be found; set rectify to true')
        self._focal = float(intrinsics[0, 0] / pixel_map.to_camera[0, 0] / pixel_map.size[1])
        before, self.degrees = self.degrees, float(np.degrees(2 * np.arctan(0.5 / self._focal)))
        if self._trained_on.fields_of_view is None or before == self.degrees:
            return
        for reason in compare(TrainedOn(fields_of_view=self._trained_on.fields_of_view),
                              Source(field_of_view=self.degrees)).outside:
            self._log.warning(f'the weights have not seen such a camera: {reason}; expect worse poses and depth')
