# SPDX-License-Identifier: Apache-2.0
"""The frame's points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from ttt3r_ros.reconstruction.cloud import Cloud, CloudFilter
from ttt3r_ros.ros.conversions import nanoseconds, to_cloud
from ttt3r_ros.ros.lasting import Lasting
from ttt3r_ros.ros.log import Log

DEPTH = 2
EMPTY_EVERY_S = 60.0


@dataclass(frozen=True)
class CloudSettings:
    """filter: what is kept; organised: as an image with NaN, or flat; in_odometry: in that frame, not the camera's;
    period_ns: least time between two clouds, by their stamps, nanoseconds."""

    filter: CloudFilter
    organised: bool
    in_odometry: bool
    period_ns: int


class Rate:
    """Lets one stamp through in every period."""

    def __init__(self) -> None:
        self._last: int | None = None

    def due(self, stamp: int, period: int) -> bool:
        """Say whether it is time; stamps that went back are."""
        if self._last is not None and self._last <= stamp < self._last + period:
            return False
        self._last = stamp
        return True


class Filtered:
    """A frame's points, filtered; says it where filters leave none of image after image."""

    def __init__(self, log: Log) -> None:
        """Take whom to tell."""
        self._log, self._empty = log, Lasting()

    def of(self, cloud: Cloud, chosen: CloudFilter, *, organised: bool) -> Cloud:
        """Return what a filter keeps of an organised cloud."""
        kept = chosen.apply(cloud.points, cloud.colours, cloud.confidence, organised=organised)
        if self._empty.seen(not np.isfinite(kept.points).any()):
            told = chosen.told(cloud.points[..., 2], cloud.confidence)
            self._log.warning(f'the filters of points leave none, for clouds and map: {told}; see points.* of the '
                              'parameters', every=EMPTY_EVERY_S)
        return kept


class CloudOutput:
    """`~/points`."""

    def __init__(self, node: LifecycleNode, log: Log, prefix: str) -> None:
        """Create the publisher: reliable, as RViz and Nav2 expect; prefix: see Outputs."""
        self._node, self._filtered = node, Filtered(log)
        self._publisher = node.create_lifecycle_publisher(PointCloud2, f'{prefix}points', DEPTH)
        self._rate = Rate()

    def wanted(self) -> bool:
        """Return whether anyone subscribes."""
        return self._publisher.get_subscription_count() > 0

    def publish(self, header: Header, cloud: Cloud, camera: np.ndarray | None, odom_frame: str,
                settings: CloudSettings) -> None:
        """Publish a frame's points (h, w), camera frame; camera (4, 4): its optical pose in odom_frame, if known."""
        if settings.in_odometry and camera is None or not self._rate.due(nanoseconds(header.stamp), settings.period_ns):
            return
        cloud = self._filtered.of(cloud, settings.filter, organised=settings.organised)
        if settings.in_odometry:
            header, cloud = Header(stamp=header.stamp, frame_id=odom_frame), moved(cloud, camera)
        self._publisher.publish(to_cloud(header, cloud))

    def destroy(self) -> None:
        """Take the publisher off the node."""
        self._node.destroy_lifecycle_publisher(self._publisher)


def moved(cloud: Cloud, pose: np.ndarray) -> Cloud:
    """Return the cloud with its points under pose (4, 4)."""
    turn, shift = pose[:3, :3].astype(np.float32), pose[:3, 3].astype(np.float32)
    return Cloud(cloud.points @ turn.T + shift, cloud.colours, cloud.confidence)
