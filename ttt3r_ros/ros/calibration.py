# SPDX-License-Identifier: Apache-2.0
"""`camera_info` in: the rectification of images, and the camera's own pinhole for depth."""

from __future__ import annotations

import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo

from ttt3r_ros.reconstruction.depth import CameraDepth
from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.rectify import CalibrationError, Rectifier


class Calibration:
    """What camera_info last said. Messages come on the executor's thread, the rest is the inference thread's."""

    def __init__(self, node: LifecycleNode, prefix: str) -> None:
        """Subscribe to `camera_info` under the camera's name, a prefix such as 'front/', or empty."""
        self._node = node
        self._info: CameraInfo | None = None
        self._made_of: tuple | None = None
        self._rectifier: Rectifier | None = None
        self._depth: tuple[PixelMap, Rectifier, CameraDepth] | None = None
        self._subscription = node.create_subscription(CameraInfo, f'{prefix}camera_info', self._receive,
                                                      qos_profile_sensor_data)

    def _receive(self, message: CameraInfo) -> None:
        self._info = message

    def rectifier(self) -> Rectifier:
        """Return how images are undistorted. Raises CalibrationError, also while no camera_info has come."""
        info = self._info
        if info is None:
            raise CalibrationError(f'no camera_info has come on {self._subscription.topic_name}: remap camera_info to '
                                   "the camera's, or turn rectification off")
        if max(info.binning_x, info.binning_y) > 1 or info.roi.width or info.roi.height:
            raise CalibrationError('camera_info has binning or a region of interest, which are not supported: publish '
                                   'one for the images as they are')
        fields = (info.height, info.width, info.distortion_model, *(tuple(getattr(info, name)) for name in 'dkrp'))
        if fields != self._made_of:
            self._rectifier = Rectifier((info.height, info.width), info.k, info.distortion_model, info.d, info.r,
                                        info.p)
            self._made_of = fields
        return self._rectifier

    def depth(self, pixel_map: PixelMap, points: np.ndarray, confidence: np.ndarray,
              rectified: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return depth, confidence (H, W) and K (3, 3) of the camera's image, for the model's points and confidence.

        rectified: the image was; otherwise a lens with distortion has no pinhole to give. Raises CalibrationError.
        """
        rectifier = self.rectifier()
        if rectifier.size != pixel_map.original:
            raise CalibrationError(f'camera_info is for {rectifier.size[1]}×{rectifier.size[0]} pixels, the image has '
                                   f'{pixel_map.original[1]}×{pixel_map.original[0]}')
        if not rectified and rectifier.distorts:
            raise CalibrationError('the camera has distortion: set rectify to true, or depth.resolution to model')
        if self._depth is None or self._depth[:2] != (pixel_map, rectifier):
            self._depth = pixel_map, rectifier, CameraDepth(pixel_map, rectifier.intrinsics)
        depth, confidence = self._depth[2].resample(points, confidence)
        return np.where(rectifier.covered, depth, np.float32(np.nan)), confidence, rectifier.intrinsics

    def destroy(self) -> None:
        """Take the subscription off the node."""
        self._node.destroy_subscription(self._subscription)
