# SPDX-License-Identifier: Apache-2.0
"""A client of a node: its clouds, where the cameras stood, and their intrinsics, as the viewer takes frames."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node, NodeNameNonExistentError
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, PointCloud2
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage
from tf2_ros import Buffer, TransformException

from ttt3r_ros.msg import ReconstructionStatus
from ttt3r_ros.reconstruction.frame import GateStatistics, View
from ttt3r_ros.reconstruction.tracking import Tracking, TrackingState
from ttt3r_ros.ros.conversions import from_transform, nanoseconds, to_pose
from ttt3r_ros.ros.senders import UNKNOWN
from ttt3r_ros.srv import QueryView
from ttt3r_ros.view.asking import AskError
from ttt3r_ros.view.pinhole_picture import picture_of

LOOK_EVERY_S = 0.05
SILENCE_TOLD_S = 5.0
WAITING = 10  # clouds whose transform, lens or status has not come
DISCOVERY_S = 5.0  # in which DDS tells of a node that is there
ANSWER_S = 60.0  # a busy node answers between two images


@dataclass(frozen=True)
class SeenFrame:
    """What a Frame is to a viewer; the world is the node's odometry frame, z up. gate, tracking, number (the
    status's frame): None where the frame's status was not heard."""

    pose: np.ndarray
    points: np.ndarray
    confidence: np.ndarray
    intrinsics: np.ndarray
    image: np.ndarray
    correction: np.ndarray = field(default_factory=lambda: np.eye(4))
    gate: GateStatistics | None = None
    tracking: Tracking | None = None
    number: int | None = None


class LookingOn(Node):
    """Hands every cloud of a node on, once TF says where its camera stood."""

    def __init__(self, target: str, take: Callable[[SeenFrame], None]) -> None:
        """Take the node's name, with or without a slash before it, and who takes the frames."""
        super().__init__('ttt3r_view', start_parameter_services=False)
        self._target = target = f'/{target.strip("/")}'
        self._take = take
        self._odometry_frame: str | None = None
        self._placed = 0  # the last pose's stamp, ns
        self._waiting: deque[PointCloud2] = deque(maxlen=WAITING)
        self._lenses: dict[int, CameraInfo] = {}  # by stamp: each frame has a focal length of its own
        self._told: dict[int, ReconstructionStatus] = {}
        self._buffer = Buffer()
        self._tf: list[str] = []  # its topics, moving and fixed, once they are known
        self._unplaced: TransformException | None = None  # why the last cloud has no pose
        self._seen = True  # a frame, since silence was last looked for
        self.create_subscription(PoseStamped, f'{target}/pose', self._on_pose, 1)
        self.create_subscription(CameraInfo, f'{target}/depth/camera_info', self._on_info, WAITING)
        self.create_subscription(ReconstructionStatus, f'{target}/status', self._on_status, WAITING)
        self.create_subscription(PointCloud2, f'{target}/points', self._on_cloud, 1)
        self._queries = self.create_client(QueryView, f'{target}/query_view')
        self.create_timer(LOOK_EVERY_S, self._look)
        self.create_timer(SILENCE_TOLD_S, self._tell_silence)

    def ask(self, pose: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]) -> View:
        """Ask the node from pose (4, 4) in its odometry frame, with intrinsics (3, 3) of a size (h, w).

        Another thread spins this client meanwhile. Raises AskError.
        """
        name = self._queries.srv_name
        if not self._queries.wait_for_service(DISCOVERY_S):
            raise AskError(f'nobody offers {name}: is the node there?')
        lens = CameraInfo(k=intrinsics.ravel().tolist(), height=size[0], width=size[1])
        request = QueryView.Request(pose=to_pose(Header(), pose).pose, camera_info=lens)
        future, answered = self._queries.call_async(request), threading.Event()
        future.add_done_callback(lambda _: answered.set())
        if not answered.wait(ANSWER_S):
            raise AskError(f'no answer from {name} within {ANSWER_S:.0f} s')
        response = future.result()
        if not response.success:
            raise AskError(response.message)
        cells = point_cloud2.read_points(response.points).reshape(response.points.height, response.points.width)
        return View(np.stack([cells[axis] for axis in 'xyz'], axis=-1), cells['confidence'])

    def _on_pose(self, message: PoseStamped) -> None:
        self._odometry_frame = message.header.frame_id
        before, self._placed = self._placed, nanoseconds(message.header.stamp)
        if self._placed < before:  # a looped bag: tf2 leaves out what is older than all that it remembers
            self._buffer.clear()

    def _on_info(self, message: CameraInfo) -> None:
        _keep(self._lenses, message)

    def _on_status(self, message: ReconstructionStatus) -> None:
        _keep(self._told, message)

    def _listen_to_tf(self) -> None:
        """Listen where the node itself speaks to TF: in a namespace, or of one of several robots, that is not /tf."""
        topics = []
        for publisher in self.get_publishers_info_by_topic(f'{self._target}/pose'):
            if publisher.node_name == UNKNOWN:  # nor may it be asked for: rclpy takes its namespace for a mistake
                continue
            try:
                topics += self.get_publisher_names_and_types_by_node(publisher.node_name, publisher.node_namespace)
            except NodeNameNonExistentError:  # it has not been met yet
                continue
        moving = [topic for topic, _ in topics if topic.endswith('/tf')]
        if not moving:
            return
        nearest = max(moving, key=lambda topic: (f'{self._target}/'.startswith(topic.removesuffix('tf')), len(topic)))
        self._tf = [nearest, f'{nearest}_static']
        for topic, keep, kept in zip(self._tf, (self._buffer.set_transform, self._buffer.set_transform_static),
                                     (DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL), strict=True):
            self.create_subscription(TFMessage, topic, lambda message, topic=topic, keep=keep: [
                keep(transform, topic) for transform in message.transforms], QoSProfile(depth=100, durability=kept))

    def _tell_silence(self) -> None:
        seen, self._seen = self._seen, False
        if seen:
            return
        if not self.count_publishers(f'{self._target}/points'):
            why = (f'nobody publishes {self._target}/points; is the node there, and is it --ros /ttt3r/front, with the '
                   'name of one, of several cameras, or /a/ttt3r of several robots?')
        elif self._unplaced is not None:
            why = f'its clouds have no pose on {" and ".join(self._tf)}: {self._unplaced}'
        else:
            why = 'it tells none; is it active, do images come, and is the camera tracked? /diagnostics says'
        self.get_logger().warning(f'no frame of {self._target}: {why}')

    def _on_cloud(self, message: PointCloud2) -> None:
        self._waiting.append(message)

    def _look(self) -> None:
        """Hand the newest cloud on whose transform, lens and status are there; older ones have had their time."""
        if not self._tf:
            self._listen_to_tf()
        if self._odometry_frame is None:
            return
        for cloud in reversed(self._waiting):
            status, lens = (kept.get(nanoseconds(cloud.header.stamp)) for kept in (self._told, self._lenses))
            if lens is None or status is None and cloud is self._waiting[-1]:
                continue
            try:
                frame = self._frame(cloud, lens)
            except TransformException as error:
                self._unplaced = error
                continue
            while self._waiting.popleft() is not cloud:
                pass
            self._seen, self._unplaced = True, None
            self._take(frame if status is None else replace(frame, **_told(status)))
            return

    def _frame(self, cloud: PointCloud2, lens: CameraInfo) -> SeenFrame:
        """Return a cloud, organised or flat, in the camera's frame or another, as the camera's frame."""
        camera, stamp = lens.header.frame_id, cloud.header.stamp
        pose = self._pose(self._odometry_frame, camera, stamp)
        records = point_cloud2.read_points(cloud).reshape(-1)
        points = np.stack([records[axis] for axis in 'xyz'], axis=-1)
        packed = np.ascontiguousarray(records['rgb']).view(np.uint32)
        colours = np.stack([packed >> shift & 255 for shift in (16, 8, 0)], axis=-1).astype(np.uint8)
        if cloud.header.frame_id != camera:
            there = self._pose(camera, cloud.header.frame_id, stamp)
            points = (points @ there[:3, :3].T + there[:3, 3]).astype(np.float32)
        intrinsics, size = np.array(lens.k).reshape(3, 3), (lens.height, lens.width)
        sure = records['confidence']
        if (cloud.height, cloud.width) == size:
            return SeenFrame(pose, points.reshape(*size, 3), sure.reshape(size), intrinsics, colours.reshape(*size, 3))
        points, picture, sure, intrinsics = picture_of(points, colours, sure, intrinsics, size)
        return SeenFrame(pose, points, sure, intrinsics, picture)

    def _pose(self, target: str, source: str, stamp: object) -> np.ndarray:
        return from_transform(self._buffer.lookup_transform(target, source, Time.from_msg(stamp)))


def _keep(kept: dict, message: CameraInfo | ReconstructionStatus) -> None:
    kept[nanoseconds(message.header.stamp)] = message
    if len(kept) > WAITING:
        del kept[next(iter(kept))]


def _told(status: ReconstructionStatus) -> dict[str, GateStatistics | Tracking | int]:
    state = TrackingState(status.tracking)
    return {'number': status.frame,
            'gate': GateStatistics(status.gate_mean, status.gate_std, status.gate_min, status.gate_max),
            'tracking': Tracking(state, status.tracking_reason, nanoseconds(status.tracking_since), True)}
