# SPDX-License-Identifier: Apache-2.0
"""A client of a node: its clouds, where the cameras stood, and their intrinsics, as the viewer takes frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, PointCloud2
from sensor_msgs_py import point_cloud2
from tf2_ros import Buffer, TransformException, TransformListener

from ttt3r_ros.ros.conversions import from_transform

LOOK_EVERY_S = 0.05
WAITING = 10  # clouds whose transform has not come


@dataclass(frozen=True)
class SeenFrame:
    """What a Frame is to a viewer; the world is the node's odometry frame, z up. Topics tell no gate, no tracking."""

    pose: np.ndarray
    points: np.ndarray
    confidence: np.ndarray
    intrinsics: np.ndarray
    image: np.ndarray
    correction: np.ndarray = field(default_factory=lambda: np.eye(4))
    gate: None = None
    tracking: None = None


class LookingOn(Node):
    """Hands every cloud of a node on, once TF says where its camera stood."""

    def __init__(self, target: str, take: Callable[[SeenFrame], None]) -> None:
        """Take the node's name and who takes the frames."""
        super().__init__('ttt3r_view', start_parameter_services=False)
        self._take = take
        self._odometry_frame: str | None = None
        self._intrinsics: np.ndarray | None = None
        self._waiting: deque[PointCloud2] = deque(maxlen=WAITING)
        self._told_flat = False
        self._buffer = Buffer()
        self._listener = TransformListener(self._buffer, self)
        self.create_subscription(PoseStamped, f'{target}/pose', self._on_pose, 1)
        self.create_subscription(CameraInfo, f'{target}/depth/camera_info', self._on_info, 1)
        self.create_subscription(PointCloud2, f'{target}/points', self._on_cloud, 1)
        self.create_timer(LOOK_EVERY_S, self._look)

    def _on_pose(self, message: PoseStamped) -> None:
        self._odometry_frame = message.header.frame_id

    def _on_info(self, message: CameraInfo) -> None:
        self._intrinsics = np.array(message.k).reshape(3, 3)

    def _on_cloud(self, message: PointCloud2) -> None:
        self._waiting.append(message)

    def _look(self) -> None:
        """Hand the newest cloud on whose transform is there; older ones have had their time."""
        if self._odometry_frame is None or self._intrinsics is None:
            return
        for cloud in reversed(self._waiting):
            try:
                found = self._buffer.lookup_transform(self._odometry_frame, cloud.header.frame_id,
                                                      Time.from_msg(cloud.header.stamp))
            except TransformException:
                continue
            while self._waiting.popleft() is not cloud:
                pass
            self._hand_on(cloud, from_transform(found))
            return

    def _hand_on(self, cloud: PointCloud2, pose: np.ndarray) -> None:
        if cloud.height == 1:
            if not self._told_flat:
                self._told_flat = True
                self.get_logger().error('the clouds are flat, a picture cannot be made of them: set points.organised')
            return
        cells = point_cloud2.read_points(cloud).reshape(cloud.height, cloud.width)
        packed = np.ascontiguousarray(cells['rgb']).view(np.uint32)
        self._take(SeenFrame(pose, np.stack([cells[axis] for axis in 'xyz'], axis=-1), cells['confidence'],
                             self._intrinsics, np.stack([packed >> shift & 255 for shift in (16, 8, 0)],
                                                        axis=-1).astype(np.uint8)))
