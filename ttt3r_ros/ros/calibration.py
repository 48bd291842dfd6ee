# SPDX-License-Identifier: Apache-2.0
"""`camera_info` in: the rectification of images, and the camera's own pinhole for depth and scale."""

from __future__ import annotations

import numpy as np
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo

from ttt3r_ros.reconstruction.aligned import mask_on_model
from ttt3r_ros.reconstruction.depth import CameraDepth
from ttt3r_ros.reconstruction.preprocess import MIDDLE, PixelMap
from ttt3r_ros.reconstruction.rectify import DO_WITHOUT, CalibrationError, Rectifier, window
from ttt3r_ros.ros.camera_infos import CameraInfos
from ttt3r_ros.ros.transport import SUFFIXES, image_topic
from ttt3r_ros.sequences.bag_topics import RECTIFIED


class Calibration:
    """What camera_info says of an image; the inference thread's.

    `rectify`: the node undistorts the images. `info`: what holds for the image in hand, None before the first message;
    one that comes while that is answered, of another size perhaps, is the next one's.
    """

    def __init__(self, node: LifecycleNode, prefix: str, rectify: bool, transport: str = 'raw',
                 lossless: bool = False) -> None:
        """Subscribe to `camera_info` under the camera's name, a prefix such as 'front/', or empty; transport: of the
        images; lossless: these wait.

        Where camera_info is not remapped itself, it is the sibling of the image topic, as for image_transport.
        """
        self.rectify = rectify
        self.info: CameraInfo | None = None
        self._made_of: tuple | None = None
        self._rectifier: Rectifier | None = None
        self._depth: tuple[tuple, CameraDepth] | None = None
        self._uncovered: tuple[tuple, np.ndarray | None] | None = None
        image = node.resolve_topic_name(image_topic(node, prefix, transport)).removesuffix(SUFFIXES[transport])
        topic = node.resolve_topic_name(f'{prefix}camera_info')
        if topic == node.resolve_topic_name(f'{prefix}camera_info', only_expand=True):
            topic = f'{image.rpartition("/")[0]}/camera_info'
        self._come_rectified = image.rpartition('/')[2].startswith(RECTIFIED)
        self._infos = CameraInfos(node, topic, lossless)
        if self._come_rectified and rectify:
            node.get_logger().warning(f'{image} has the name of images that are rectified already, and rectify is on: '
                                      'take the raw images, or set rectify to false')

    def take(self, stamp: int) -> None:
        """Let what belongs to an image of a stamp, ns, hold: it is read now."""
        self.info = self._infos.of(stamp)

    def straighten(self, image: np.ndarray) -> np.ndarray:
        """Return an image (H, W, 3) undistorted, if `rectify` asks for it. Raises CalibrationError."""
        return self.rectifier(image.shape[:2]).rectify(image) if self.rectify else image

    def rectifier(self, size: tuple[int, int]) -> Rectifier:
        """Return how images of a size (H, W) are undistorted. Raises CalibrationError, also while no camera_info has
        come."""
        info = self.info
        if info is None:
            raise CalibrationError(f'no camera_info has come on {self._infos.topic}: remap camera_info to '
                                   f"the camera's, or {DO_WITHOUT}")
        roi = info.roi
        fields = (size, info.height, info.width, info.binning_y, info.binning_x, roi.y_offset, roi.x_offset, roi.height,
                  roi.width, info.distortion_model, *(tuple(getattr(info, name)) for name in 'dkrp'))
        if fields != self._made_of:
            shown = window(size, (info.height, info.width), (roi.y_offset, roi.x_offset), (roi.height, roi.width),
                           (info.binning_y, info.binning_x))
            self._rectifier = Rectifier(size, shown.through(info.k), info.distortion_model, info.d, info.r,
                                        shown.through(info.p))
            self._made_of = fields
        return self._rectifier

    def uncovered(self, pixel_map: PixelMap) -> np.ndarray | None:
        """Return which pixels of the model's image show what the camera does not see, bool (h, w); None for none.

        Undistorted images have black borders where P leaves some. Raises CalibrationError.
        """
        if not self.rectify:
            return None
        made_of = pixel_map, self.rectifier(pixel_map.original)
        if self._uncovered is None or self._uncovered[0] != made_of:
            found = mask_on_model(~made_of[1].covered, pixel_map)
            self._uncovered = made_of, found if found.any() else None
        return self._uncovered[1]

    def pinhole(self, size: tuple[int, int]) -> tuple[np.ndarray, str]:
        """Return K (3, 3) of images of a size (H, W) as the network sees them, and what it is in camera_info: K for raw
        images, P for rectified ones. Raises CalibrationError."""
        rectifier = self.rectifier(size)
        return (rectifier.intrinsics, 'P') if self.rectify or self._come_rectified else (rectifier.raw, 'K')

    def axis(self, size: tuple[int, int]) -> tuple[float, float]:
        """Return where the optical axis lies in images of a size (H, W) as the network sees them, parts of width and
        height: the middle, if camera_info does not say."""
        try:
            intrinsics = self.pinhole(size)[0]
        except CalibrationError:
            return MIDDLE
        return float((intrinsics[0, 2] + 0.5) / size[1]), float((intrinsics[1, 2] + 0.5) / size[0])

    def bends(self, size: tuple[int, int]) -> bool:
        """Say whether images of a size (H, W) come as a lens with distortion shows them. Raises CalibrationError."""
        return self.pinhole(size)[1] == 'K' and self.rectifier(size).bends

    def on_model(self, pixel_map: PixelMap) -> np.ndarray:
        """Return K (3, 3) of the model's image, by camera_info.

        A raw image of a lens with distortion has no pinhole to give. Raises CalibrationError.
        """
        if self.bends(pixel_map.original):
            raise CalibrationError('the camera has distortion: set rectify to true, or intrinsics to model')
        return np.linalg.inv(pixel_map.to_original(np.eye(3))) @ self.pinhole(pixel_map.original)[0]

    def depth(self, pixel_map: PixelMap, points: np.ndarray,
              confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return depth, confidence (H, W) and K (3, 3) of the camera's image, for the model's points and confidence.

        A raw image of a lens with distortion has no pinhole to give. Raises CalibrationError.
        """
        rectifier, (intrinsics, field) = self.rectifier(pixel_map.original), self.pinhole(pixel_map.original)
        if self.bends(pixel_map.original):
            raise CalibrationError('the camera has distortion: set rectify to true, or depth.resolution to model')
        made_of = pixel_map, rectifier, field
        if self._depth is None or self._depth[0] != made_of:
            self._depth = made_of, CameraDepth(pixel_map, intrinsics)
        depth, confidence = self._depth[1].resample(points, confidence)
        covered = rectifier.covered if field == 'P' else True
        return np.where(covered, depth, np.float32(np.nan)), confidence, intrinsics

    def destroy(self) -> None:
        """Take the subscription off the node."""
        self._infos.destroy()
