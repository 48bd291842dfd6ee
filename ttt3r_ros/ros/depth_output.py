# SPDX-License-Identifier: Apache-2.0
"""Depth and confidence images of the model's size, with the intrinsics that make a cloud of them."""

from __future__ import annotations

import numpy as np
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from ttt3r_ros.ros.compressed_depth import to_compressed_depth
from ttt3r_ros.ros.conversions import to_depth_image

DEPTH = 2


class DepthOutput:
    """`~/depth/image`, also compressed, with `~/depth/camera_info`, and `~/confidence/image`."""

    def __init__(self, node: LifecycleNode, prefix: str) -> None:
        """Create the publishers; prefix: see Outputs."""
        self._node = node
        self._depth = node.create_lifecycle_publisher(Image, f'{prefix}depth/image', DEPTH)
        self._compressed = node.create_lifecycle_publisher(CompressedImage, f'{prefix}depth/image/compressedDepth',
                                                           DEPTH)
        self._info = node.create_lifecycle_publisher(CameraInfo, f'{prefix}depth/camera_info', DEPTH)
        self._confidence = node.create_lifecycle_publisher(Image, f'{prefix}confidence/image', DEPTH)
        self._publishers = (self._depth, self._compressed, self._info, self._confidence)

    def wanted(self) -> bool:
        """Return whether anyone subscribes."""
        return any(publisher.get_subscription_count() for publisher in self._publishers)

    def publish(self, header: Header, depth: np.ndarray | None, confidence: np.ndarray,
                intrinsics: np.ndarray) -> None:
        """Publish depth (h, w), metres along z, with K (3, 3), and confidence (h, w).

        depth None: the points imply no focal length, so there is no pinhole to give a depth for.
        """
        if depth is not None:
            if self._depth.get_subscription_count():
                self._depth.publish(to_depth_image(header, depth))
            if self._compressed.get_subscription_count():
                self._compressed.publish(to_compressed_depth(header, depth))
            self._info.publish(_camera_info(header, intrinsics, depth.shape))
        if self._confidence.get_subscription_count():
            self._confidence.publish(to_depth_image(header, confidence))

    def destroy(self) -> None:
        """Take the publishers off the node."""
        for publisher in self._publishers:
            self._node.destroy_lifecycle_publisher(publisher)


def _camera_info(header: Header, intrinsics: np.ndarray, size: tuple[int, int]) -> CameraInfo:
    """Return the model image's pinhole, without distortion."""
    projection = np.concatenate((intrinsics, np.zeros((3, 1))), axis=1)
    return CameraInfo(header=header, height=size[0], width=size[1], distortion_model='plumb_bob', d=[0.0] * 5,
                      k=intrinsics.ravel().tolist(), r=np.eye(3).ravel().tolist(), p=projection.ravel().tolist())
