# SPDX-License-Identifier: Apache-2.0
"""What hangs under what: the camera's mount from TF in, odometry → base out."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import TransformStamped
from rclpy.lifecycle import LifecycleNode
from rclpy.time import Time
from tf2_ros import Buffer, TransformBroadcaster, TransformException, TransformListener

from ttt3r_ros.ros.conversions import OPTICAL_TO_ROS, from_transform


class CameraMount:
    """Turns the camera's path into that of the tracked frame."""

    def __init__(self, node: LifecycleNode, base_frame: str) -> None:
        """Take the base frame; empty, the camera itself is tracked and TF is not read."""
        self._node = node
        self._base_frame = base_frame
        self._base_from_camera: dict[str, np.ndarray] = {}
        self._buffer = Buffer()
        self._listener: TransformListener | None = None
        self._searching = bool(base_frame)
        self.tend()
        self._broadcaster = TransformBroadcaster(node)

    def tracked_frame(self, camera_frame: str) -> str:
        """Return the name of what is tracked when images come from camera_frame."""
        return self._base_frame or camera_frame

    def missing(self, camera_frame: str) -> str | None:
        """Return why the camera's place on the tracked frame is not known, or None if it is."""
        if not self.tracked_frame(camera_frame):
            return 'the images have an empty frame_id and base_frame is not set: set one of them'
        if not self._base_frame or camera_frame in self._base_from_camera:
            return None
        try:
            transform = self._buffer.lookup_transform(self._base_frame, camera_frame, Time())
        except TransformException as error:
            self._searching = True
            return f'no transform {self._base_frame} → {camera_frame} in TF yet: {error}'
        self._base_from_camera[camera_frame] = from_transform(transform)
        self._searching = False
        return None

    def tend(self) -> None:
        """Listen to TF only while a mount is looked for: all of TF can cost a third of a core. Executor's thread."""
        if self._searching and self._listener is None:
            self._listener = TransformListener(self._buffer, self._node)
        elif not self._searching and self._listener is not None:
            self._listener.unregister()
            self._listener = None

    def odometry(self, pose: np.ndarray, camera_frame: str) -> np.ndarray:
        """Return the tracked frame's pose (4, 4) in the odometry frame.

        pose (4, 4): camera-to-world, world = the first camera, optical axes. The odometry frame starts as the base
        did, or, without one, where the camera did, looking along x with y left and z up.
        """
        camera = self.camera(pose, camera_frame)
        return camera @ np.linalg.inv(self._base_from_camera[camera_frame]) if self._base_frame else camera

    def camera(self, pose: np.ndarray, camera_frame: str) -> np.ndarray:
        """Return the camera's optical pose (4, 4) in the odometry frame, for one in its own world as for odometry."""
        return self._start(camera_frame) @ pose

    def own(self, pose: np.ndarray, camera_frame: str) -> np.ndarray:
        """Return the pose (4, 4) in the camera's own world for an optical one in the odometry frame."""
        return np.linalg.inv(self._start(camera_frame)) @ pose

    def _start(self, camera_frame: str) -> np.ndarray:
        """Return the first camera's pose (4, 4) in the odometry frame."""
        return self._base_from_camera[camera_frame] if self._base_frame else OPTICAL_TO_ROS

    def broadcast(self, transform: TransformStamped) -> None:
        """Send a transform to /tf."""
        self._broadcaster.sendTransform(transform)

    def destroy(self) -> None:
        """Take the subscriptions and the publisher off the node."""
        if self._listener is not None:
            self._listener.unregister()
        self._node.destroy_publisher(self._broadcaster.pub_tf)
