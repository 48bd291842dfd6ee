# SPDX-License-Identifier: Apache-2.0
"""What the node says about a frame, all of it with the image's own stamp."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import numpy as np
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Header

from ttt3r_ros.msg import ReconstructionStatus
from ttt3r_ros.reconstruction.cloud import Cloud
from ttt3r_ros.reconstruction.depth import on_rays
from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.reconstruction.odometry import Estimate
from ttt3r_ros.reconstruction.rectify import CalibrationError
from ttt3r_ros.reconstruction.tracking import Tracking, TrackingState
from ttt3r_ros.reconstruction.whole_file import FilePath, Writing
from ttt3r_ros.ros.between_frames import BetweenFrames
from ttt3r_ros.ros.calibration import Calibration
from ttt3r_ros.ros.cloud_output import CloudOutput, Filtered
from ttt3r_ros.ros.conversions import nanoseconds, to_odometry, to_pose, to_time, to_transform
from ttt3r_ros.ros.depth_output import DepthOutput
from ttt3r_ros.ros.frames import Frames
from ttt3r_ros.ros.log import Log
from ttt3r_ros.ros.map_output import FORMS, MapOutput
from ttt3r_ros.ros.parameters import Settings
from ttt3r_ros.ros.path_output import PathError, PathOutput

DEPTH = 10
REPEAT_S = 5.0  # a trouble that stays is told again after this long


@dataclass(frozen=True)
class CameraName:
    """prefix: of what is told of it, such as '~/front/'; leads: its poses go to TF, where a frame has one parent and
    one source."""

    prefix: str
    leads: bool


class Outputs:
    """The publishers of one camera."""

    def __init__(self, node: LifecycleNode, log: Log, camera: CameraName, frames: Frames, calibration: Calibration,
                 settings: Settings, between: BetweenFrames | None) -> None:
        """Create the publishers; they publish while the node is active. between: what goes on between two frames."""
        self._node, self._log = node, log
        self._leads = camera.leads
        self._frames = frames
        self._calibration = calibration
        self._between = between
        prefix = camera.prefix
        self._pose = node.create_lifecycle_publisher(PoseStamped, f'{prefix}pose', DEPTH)
        self._odometry = node.create_lifecycle_publisher(Odometry, f'{prefix}odometry', DEPTH)
        self._status = node.create_lifecycle_publisher(ReconstructionStatus, f'{prefix}status', DEPTH)
        self._publishers = (self._pose, self._odometry, self._status)
        self._cloud, self._depth = CloudOutput(node, log, prefix), DepthOutput(node, prefix)
        self._path = PathOutput(node, prefix, settings.path_length)
        self._map, self._filtered = MapOutput(node, log, prefix, settings.map), Filtered(log)
        self._map_from_odom: np.ndarray | None = None  # as /tf_static has it
        self._sent: tuple[int, str, Estimate] | None = None  # the newest in TF: stamp, ns, of which frame, and where
        if settings.map_frame:
            self.place_odometry(np.eye(4), settings)

    def wanted(self) -> bool:
        """Return whether anyone subscribes to what needs inference; the map needs it always."""
        return (any(publisher.get_subscription_count() for publisher in self._publishers)
                or any(part.wanted() for part in (self._cloud, self._depth, self._path, self._between) if part)
                or self._map.enabled)

    def publish_frame(self, header: Header, frame: Frame, estimate: Estimate | None, settings: Settings) -> None:
        """Publish all that the frame, in true metres, tells and somebody wants.

        estimate None: only what is in the camera's own frame can be told. Of a frame that is not trusted, path and map
        get nothing, and pose and points go out only if settings.when_lost says so: a cloud would mark a costmap.
        """
        out = told(frame, settings)
        if estimate is not None and out:
            self._publish_pose(header, estimate, settings, frame.trusted)
        elif self._between is not None:
            self._between.pause()
        if not (self._cloud.wanted() or self._depth.wanted() or self._map.enabled):
            return
        camera = None if estimate is None else estimate.camera
        depth, points = on_rays(frame.points, frame.intrinsics)
        cloud = Cloud(points, frame.image, frame.confidence)
        if self._cloud.wanted() and out:
            self._cloud.publish(header, cloud, camera, settings.odom_frame, settings.points)
        if self._depth.wanted():
            self._publish_depth(header, frame, depth, settings)
        if self._map.enabled and camera is not None and frame.trusted:
            self._map.add(header, self._filtered.of(cloud, settings.points.filter, organised=False), camera,
                          settings.odom_frame)

    def _publish_depth(self, header: Header, frame: Frame, depth: np.ndarray | None, settings: Settings) -> None:
        confidence, intrinsics = frame.confidence, frame.intrinsics
        if settings.depth_at_camera:
            try:
                depth, confidence, intrinsics = self._calibration.depth(frame.pixel_map, frame.points, confidence)
            except CalibrationError as error:
                self._log.warning(f'no depth at the camera\'s resolution: {error}', every=REPEAT_S)
                return
        self._depth.publish(header, depth, confidence, intrinsics)

    def _publish_pose(self, header: Header, estimate: Estimate, settings: Settings, trusted: bool) -> None:
        child = self._frames.tracked_frame(header.frame_id)
        odometry = Header(stamp=header.stamp, frame_id=settings.odom_frame)
        if self._between is not None:
            self._between.answered(header, child, estimate, trusted, settings.publish_tf)
        elif self._leads:
            self._send(nanoseconds(header.stamp), child, estimate, settings)
        if settings.map_frame:
            self.place_odometry(estimate.map_from_odom, settings)
        message = to_pose(odometry, estimate.tracked)
        self._pose.publish(message)
        self._odometry.publish(to_odometry(odometry, child, estimate))
        if trusted:
            self._path.add(message)

    def _send(self, stamp: int, child: str, estimate: Estimate, settings: Settings) -> None:
        self._sent = stamp, child, estimate
        if settings.publish_tf:
            self._frames.broadcast(to_transform(Header(stamp=to_time(stamp), frame_id=settings.odom_frame), child,
                                                estimate.tracked))
        if settings.keyframes:  # also where a filter broadcasts the other
            self._frames.broadcast(to_transform(Header(stamp=to_time(stamp), frame_id=settings.map_frame),
                                                settings.odom_frame, estimate.map_from_odom))

    def move_map(self, map_from_odom: np.ndarray, settings: Settings) -> None:
        """Tell at once where the odometry frame (4, 4) is in the map: somebody has said so, and images may be far.

        Where each frame tells it, that is in TF a nanosecond after the last: TF takes each stamp once.
        """
        if not settings.keyframes:
            self.place_odometry(map_from_odom, settings)
        elif self._between is not None:
            self._between.move_map(map_from_odom)
        elif self._sent is not None:
            stamp, child, estimate = self._sent
            self._send(stamp + 1, child, replace(estimate, map_from_odom=map_from_odom), settings)

    def place_odometry(self, map_from_odom: np.ndarray, settings: Settings) -> None:
        """Tell where the odometry frame (4, 4) is in the map, if that has changed and this camera speaks to TF; with
        keyframes each frame does."""
        told = self._map_from_odom
        known = told is not None and np.allclose(told, map_from_odom, rtol=0, atol=1e-9)
        if not self._leads or settings.keyframes or known:
            return
        self._map_from_odom = map_from_odom
        header = Header(stamp=self._node.get_clock().now().to_msg(), frame_id=settings.map_frame)
        self._frames.broadcast_fixed(to_transform(header, settings.odom_frame, map_from_odom))

    def publish_status(self, header: Header, frame: Frame, tracking: Tracking,
                       **about: str | bool | int | float) -> None:
        """Publish the frame's statistics; `about` are the fields that the frame does not know."""
        self._status.publish(ReconstructionStatus(
            header=header, tracking=tracking.state.value, tracking_reason=tracking.reason,
            tracking_since=to_time(tracking.since or 0), segment=frame.segment, frame=frame.index,
            gate_mean=frame.gate.mean, gate_std=frame.gate.std, gate_min=frame.gate.low, gate_max=frame.gate.high,
            confidence_mean=float(frame.confidence.mean()), confidence_median=frame.confidence_median,
            focal_length=float(frame.intrinsics[0, 0]), scale=float(frame.scale),
            loop_closures=frame.loop_closures, **about))

    def map_to_save(self, target: FilePath) -> list[Writing]:
        """Return the files of the map, and of the path beside it. Raises MapError, PathError."""
        trajectory = target.named(os.path.splitext(target.name)[0] + '.tum')
        return [self._map.to_write(target), self._path.to_write(trajectory)]

    def path_to_save(self, target: FilePath) -> Writing:
        """Return what a file of the path is to hold. Raises PathError."""
        if os.path.splitext(target.name)[1] in FORMS:
            raise PathError(f'{target} is called as a map is, and lines of poses are none: end it in .tum')
        return self._path.to_write(target)

    def clear(self) -> None:
        """Forget path and map, and carry nothing on."""
        if self._between is not None:
            self._between.pause()
        self._path.clear()
        self._map.clear()

    def destroy(self) -> None:
        """Take the publishers off the node."""
        for publisher in self._publishers:
            self._node.destroy_lifecycle_publisher(publisher)
        for part in (self._cloud, self._depth, self._path, self._map):
            part.destroy()


def told(frame: Frame, settings: Settings) -> bool:
    """Say whether a frame's pose goes out: if trusted, or a guess that is asked for, of a path that has begun."""
    return frame.trusted or settings.when_lost == 'continue' and frame.tracking.state is TrackingState.LOST
