# SPDX-License-Identifier: Apache-2.0
"""What the node says about a frame: pose, TF, points, status, all with the image's own stamp."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from ttt3r_ros.msg import ReconstructionStatus
from ttt3r_ros.reconstruction.reconstructor import Frame
from ttt3r_ros.ros.conversions import to_cloud, to_pose, to_transform
from ttt3r_ros.ros.frames import CameraMount

DEPTH = 10
CLOUD_DEPTH = 2


class Outputs:
    """The publishers of one configured node."""

    def __init__(self, node: LifecycleNode, mount: CameraMount) -> None:
        """Create the publishers; they publish while the node is active."""
        self._node = node
        self.mount = mount
        self.pose = node.create_lifecycle_publisher(PoseStamped, '~/pose', DEPTH)
        self.points = node.create_lifecycle_publisher(PointCloud2, '~/points', CLOUD_DEPTH)
        self.status = node.create_lifecycle_publisher(ReconstructionStatus, '~/status', DEPTH)
        self._publishers = (self.pose, self.points, self.status)

    def wanted(self) -> bool:
        """Return whether anyone subscribes."""
        return any(publisher.get_subscription_count() for publisher in self._publishers)

    def publish_frame(self, header: Header, frame: Frame, odom_frame: str, with_tf: bool) -> str | None:
        """Publish the frame's cloud, pose and transform.

        Returns why there is no pose, or None: without the camera's mount only the cloud can be told.
        """
        missing = self.mount.missing(header.frame_id)
        if missing is None:
            pose = self.mount.odometry(frame.pose, header.frame_id)
            odometry = Header(stamp=header.stamp, frame_id=odom_frame)
            if with_tf:
                self.mount.broadcast(to_transform(odometry, self.mount.tracked_frame(header.frame_id), pose))
            self.pose.publish(to_pose(odometry, pose))
        if self.points.get_subscription_count():
            self.points.publish(to_cloud(header, frame.points, frame.image, frame.confidence))
        return missing

    def publish_status(self, header: Header, frame: Frame, **about: str | bool | int | float) -> None:
        """Publish the frame's statistics; `about` are the fields that the frame does not know."""
        self.status.publish(ReconstructionStatus(
            header=header, segment=frame.segment, frame=frame.index, gate_mean=frame.gate.mean,
            gate_std=frame.gate.std, gate_min=frame.gate.low, gate_max=frame.gate.high,
            confidence_mean=float(frame.confidence.mean()), confidence_median=float(np.median(frame.confidence)),
            focal_length=float(frame.intrinsics[0, 0]), scale=float(frame.scale), **about))

    def destroy(self) -> None:
        """Take the publishers off the node."""
        for publisher in self._publishers:
            self._node.destroy_lifecycle_publisher(publisher)
