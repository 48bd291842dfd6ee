# SPDX-License-Identifier: Apache-2.0
"""`~/set_pose` and `initialpose`: somebody says where the robot is in the map."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from geometry_msgs.msg import PoseWithCovarianceStamped
from rclpy.lifecycle import LifecycleNode
from tf_transformations import quaternion_matrix

from ttt3r_ros.ros.conversions import frame_name, nanoseconds
from ttt3r_ros.ros.log import Log
from ttt3r_ros.ros.names import Names
from ttt3r_ros.ros.replies import Replies
from ttt3r_ros.ros.tracker import PoseRefused
from ttt3r_ros.ros.worker import TakenDown, Worker
from ttt3r_ros.srv import SetPose

UNIT = 0.01  # how far a quaternion's length may be from 1


class PoseSetting:
    """The service and the topic; the first camera's pose is the robot's."""

    def __init__(self, node: LifecycleNode, replies: Replies, names: Names, worker: Worker, map_frame: str,
                 odom_frame: str, place: Callable[[np.ndarray, int | None, bool], str]) -> None:
        """Take the frames by their names, and what puts the robot somewhere (Pipeline.set_pose)."""
        self._node, self._log = node, Log(node, names.robot)
        self._replies, self._worker = replies, worker
        self._map_frame, self._odom_frame = map_frame, odom_frame
        self._place = place
        self._service = replies.service(SetPose, f'{names.own}set_pose', self._answer, (PoseRefused,))
        self._subscription = node.create_subscription(
            PoseWithCovarianceStamped, f'{names.aboard}initialpose', self._receive, 1, callback_group=replies.group)

    async def _answer(self, request: SetPose.Request, response: SetPose.Response) -> None:
        response.message = await self._set(request.pose)

    async def _receive(self, message: PoseWithCovarianceStamped) -> None:
        try:
            self._log.info(f'pose set: {await self._set(message)}')
        except (PoseRefused, TakenDown) as error:
            self._log.warning(f'the pose is not set: {error}')

    async def _set(self, message: PoseWithCovarianceStamped) -> str:
        pose, in_odometry = self._read(message)
        stamp = nanoseconds(message.header.stamp) or None
        return await self._replies.of(self._worker.ask(lambda: self._place(pose, stamp, in_odometry)))

    def _read(self, message: PoseWithCovarianceStamped) -> tuple[np.ndarray, bool]:
        """Return the pose (4, 4) and whether it is in the odometry frame. Raises PoseRefused."""
        if not self._map_frame:
            raise PoseRefused('odometry never jumps, and there is no map frame to take it: set map_frame, such as map, '
                              'and configure the node anew')
        frame = frame_name(message.header.frame_id)
        if frame not in (self._map_frame, self._odom_frame):
            raise PoseRefused(f'it is given in the frame {frame!r}: give it in {self._map_frame!r} '
                              f'(or in {self._odom_frame!r}); in RViz that is the Fixed Frame')
        p, q = message.pose.pose.position, message.pose.pose.orientation
        place, turn = np.array([p.x, p.y, p.z]), np.array([q.x, q.y, q.z, q.w])
        if not (np.isfinite(place).all() and np.isfinite(turn).all()):
            raise PoseRefused('it is not finite: give numbers')
        if abs(np.linalg.norm(turn) - 1) > UNIT:
            raise PoseRefused(f'its orientation has the length {np.linalg.norm(turn):.3g}, not 1: give a unit '
                              'quaternion')
        pose = quaternion_matrix(turn)
        pose[:3, 3] = place
        return pose, frame == self._odom_frame

    def destroy(self) -> None:
        """Answer no more, and listen no more."""
        self._replies.take_off([self._service])
        self._node.destroy_subscription(self._subscription)
