# SPDX-License-Identifier: Apache-2.0
"""`~/map`: what all frames saw, on a thread of its own: the larger the map the longer a frame takes to go in."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from queue import Queue
from threading import Thread

import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from ttt3r_ros.reconstruction.cloud import Cloud
from ttt3r_ros.reconstruction.voxel_map import VoxelMap
from ttt3r_ros.reconstruction.whole_file import FilePath, Writing
from ttt3r_ros.ros.cloud_output import Rate, moved
from ttt3r_ros.ros.conversions import nanoseconds, to_cloud
from ttt3r_ros.ros.log import Log

FORMS = {'.ply': VoxelMap.ply, '.pcd': VoxelMap.pcd}
WAITING = 4  # frames; then the inference waits for the map, as every frame is to be in it
REPEAT_S = 5.0  # a trouble that stays is told again after this long


class MapError(ValueError):
    """A map that cannot be written; the message says why and what to do."""


@dataclass(frozen=True)
class MapSettings:
    """cell: edge in metres, 0 for no map; capacity: cells; drop: which go first, see VoxelMap; period_ns: between two
    messages."""

    cell: float
    capacity: int
    drop: str
    period_ns: int


class MapOutput:
    """`~/map`: latched, for those who come later. Called on the inference thread."""

    def __init__(self, node: LifecycleNode, log: Log, prefix: str, settings: MapSettings) -> None:
        """Take all the map's memory now; without a cell size there is none. prefix: see Outputs."""
        self._node, self._log, self._settings = node, log, settings
        self._map = VoxelMap(settings.cell, settings.capacity, settings.drop) if settings.cell else None
        self._publisher = node.create_lifecycle_publisher(
            PointCloud2, f'{prefix}map', QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self._rate = Rate()
        self._jobs: Queue[Callable[[], None] | None] = Queue(WAITING)
        self._thread = Thread(target=self._work, name='map', daemon=True)
        if self.enabled:
            self._thread.start()

    @property
    def enabled(self) -> bool:
        """Say whether there is a map."""
        return self._map is not None

    def add(self, header: Header, cloud: Cloud, camera: np.ndarray, odom_frame: str) -> None:
        """Add a flat cloud in the camera's frame, camera (4, 4) its pose; the map is published when it is time."""
        header = Header(stamp=header.stamp, frame_id=odom_frame)
        self._jobs.put(lambda: self._add(header, cloud, camera))

    def clear(self) -> None:
        """Forget what was seen; those who have the map get the new one with the next frame."""
        if self._map is not None:
            self._jobs.join()
            self._map.clear()
        self._rate = Rate()

    def to_write(self, target: FilePath) -> Writing:
        """Return what the map's file is to hold. Raises MapError."""
        if self._map is None:
            raise MapError('there is no map: set map.cell and configure the node anew')
        form = os.path.splitext(target.name)[1]
        if form not in FORMS:
            raise MapError(f'{target} names no form of map: end it in {" or ".join(FORMS)}')
        self._jobs.join()
        if not len(self._map):
            raise MapError('the map is empty: no image has been answered with a pose since the node was configured')
        return Writing(target, FORMS[form](self._map), f'{len(self._map)} cells to {target}')

    def destroy(self) -> None:
        """Take the publisher off the node."""
        if self.enabled:
            self._jobs.put(None)
            self._thread.join()
        self._node.destroy_lifecycle_publisher(self._publisher)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception as error:
                self._log.error(f'a frame is not in the map: {error}', every=REPEAT_S)
            finally:
                self._jobs.task_done()

    def _add(self, header: Header, cloud: Cloud, camera: np.ndarray) -> None:
        placed = moved(cloud, camera)
        self._map.insert(placed.points, placed.colours, placed.confidence)
        if self._rate.due(nanoseconds(header.stamp), self._settings.period_ns):
            self._publisher.publish(to_cloud(header, self._map.cloud()))
