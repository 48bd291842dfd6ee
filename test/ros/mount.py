# SPDX-License-Identifier: Apache-2.0
"""Where a camera is mounted on a robot, as its driver tells TF."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import TransformStamped
from harness import CAMERA_FRAME
from rclpy.node import Node
from scipy.spatial.transform import Rotation
from tf2_ros import StaticTransformBroadcaster

OPTICAL = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])  # optical axes in base_link
MOUNT = OPTICAL + np.array([[0, 0, 0, 0.2], [0, 0, 0, 0], [0, 0, 0, 0.5], [0, 0, 0, 0]])


def mount_camera(node: Node, base_from_camera: np.ndarray = MOUNT,
                 camera: str = CAMERA_FRAME) -> StaticTransformBroadcaster:
    """Publish a mount (4, 4); keep what is returned, or it goes."""
    message = TransformStamped(child_frame_id=camera)
    message.header.frame_id = 'base_link'
    t, q = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z = (float(v) for v in base_from_camera[:3, 3])
    q.x, q.y, q.z, q.w = (float(v) for v in Rotation.from_matrix(base_from_camera[:3, :3]).as_quat())
    broadcaster = StaticTransformBroadcaster(node)
    broadcaster.sendTransform(message)
    return broadcaster
