# SPDX-License-Identifier: Apache-2.0
"""The frame's points, and the map that they accumulate to."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from ttt3r_ros.reconstruction.cloud import Cloud, CloudFilter
from ttt3r_ros.reconstruction.voxel_map import VoxelMap
from ttt3r_ros.reconstruction.whole_file import FilePath, Writing
from ttt3r_ros.ros.conversions import nanoseconds, to_cloud

DEPTH = 2
FORMS = {'.ply': VoxelMap.ply, '.pcd': VoxelMap.pcd}


class MapError(ValueError):
    """A map that cannot be written; the message says why and what to do."""


@dataclass(frozen=True)
class CloudSettings:
    """filter: what is kept; organised: as an image with NaN, or flat; in_odometry: in that frame, not the camera's;
    period_ns: least time between two clouds, by their stamps, nanoseconds."""

    filter: CloudFilter
    organised: bool
    in_odometry: bool
    period_ns: int


@dataclass(frozen=True)
class MapSettings:
    """cell: edge in metres, 0 for no map; capacity: cells; drop: which go first, see VoxelMap; period_ns: between two
    messages."""

    cell: float
    capacity: int
    drop: str
    period_ns: int


class _Rate:
    """Lets one stamp through in every period."""

    def __init__(self) -> None:
        self._last: int | None = None

    def due(self, stamp: int, period: int) -> bool:
        """Say whether it is time; stamps that went back are."""
        if self._last is not None and self._last <= stamp < self._last + period:
            return False
        self._last = stamp
        return True


class CloudOutput:
    """`~/points`."""

    def __init__(self, node: LifecycleNode, prefix: str) -> None:
        """Create the publisher: reliable, as RViz and Nav2 expect; prefix: see Outputs."""
        self._node = node
        self._publisher = node.create_lifecycle_publisher(PointCloud2, f'{prefix}points', DEPTH)
        self._rate = _Rate()

    def wanted(self) -> bool:
        """Return whether anyone subscribes."""
        return self._publisher.get_subscription_count() > 0

    def publish(self, header: Header, cloud: Cloud, camera: np.ndarray | None, odom_frame: str,
                settings: CloudSettings) -> None:
        """Publish a frame's points (h, w), camera frame; camera (4, 4): its optical pose in odom_frame, if known."""
        if settings.in_odometry and camera is None or not self._rate.due(nanoseconds(header.stamp), settings.period_ns):
            return
        cloud = settings.filter.apply(cloud.points, cloud.colours, cloud.confidence, organised=settings.organised)
        if settings.in_odometry:
            header, cloud = Header(stamp=header.stamp, frame_id=odom_frame), moved(cloud, camera)
        self._publisher.publish(to_cloud(header, cloud))

    def destroy(self) -> None:
        """Take the publisher off the node."""
        self._node.destroy_lifecycle_publisher(self._publisher)


class MapOutput:
    """`~/map`: latched, for those who come later."""

    def __init__(self, node: LifecycleNode, prefix: str, settings: MapSettings) -> None:
        """Take all the map's memory now; without a cell size there is none. prefix: see Outputs."""
        self._node, self._settings = node, settings
        self._map = VoxelMap(settings.cell, settings.capacity, settings.drop) if settings.cell else None
        self._publisher = node.create_lifecycle_publisher(
            PointCloud2, f'{prefix}map', QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self._rate = _Rate()

    @property
    def enabled(self) -> bool:
        """Say whether there is a map."""
        return self._map is not None

    def add(self, header: Header, cloud: Cloud, camera: np.ndarray, odom_frame: str) -> None:
        """Add a flat cloud in the camera's frame, camera (4, 4) its pose; publish the map when it is time."""
        placed = moved(cloud, camera)
        self._map.insert(placed.points, placed.colours, placed.confidence)
        if self._rate.due(nanoseconds(header.stamp), self._settings.period_ns):
            self._publisher.publish(to_cloud(Header(stamp=header.stamp, frame_id=odom_frame), self._map.cloud()))

    def clear(self) -> None:
        """Forget what was seen; those who have the map get the new one with the next frame."""
        if self._map is not None:
            self._map.clear()
        self._rate = _Rate()

    def to_write(self, target: FilePath) -> Writing:
        """Return what the map's file is to hold. Raises MapError."""
        if self._map is None:
            raise MapError('there is no map: set map.cell and configure the node anew')
        form = os.path.splitext(target.name)[1]
        if form not in FORMS:
            raise MapError(f'{target} names no form of map: end it in {" or ".join(FORMS)}')
        if not len(self._map):
            raise MapError('the map is empty: no image has been answered with a pose since the node was configured')
        return Writing(target, FORMS[form](self._map), f'{len(self._map)} cells to {target}')

    def destroy(self) -> None:
        """Take the publisher off the node."""
        self._node.destroy_lifecycle_publisher(self._publisher)


def moved(cloud: Cloud, pose: np.ndarray) -> Cloud:
    """Return the cloud with its points under pose (4, 4)."""
    turn, shift = pose[:3, :3].astype(np.float32), pose[:3, 3].astype(np.float32)
    return Cloud(cloud.points @ turn.T + shift, cloud.colours, cloud.confidence)
