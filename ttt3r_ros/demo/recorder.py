# SPDX-License-Identifier: Apache-2.0
"""What the node publishes, written down as it comes; clouds are thinned at once, so that memory stays bounded."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from lifecycle_msgs.srv import GetState
from rclpy.context import Context
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import PointCloud2
from sensor_msgs_py import point_cloud2
from tf2_msgs.msg import TFMessage
from tf_transformations import quaternion_matrix

from ttt3r_ros.msg import ReconstructionStatus
from ttt3r_ros.ros.conversions import from_transform, nanoseconds

DEPTH = 1000
APART_S = 0.5  # between reports, which come each second
NODE = 'ttt3r'
DROPPED = ('dropped_overrun', 'dropped_stamp', 'dropped_invalid', 'dropped_nonfinite')
COUNTERS = ('received', 'answered', 'withheld_lost', *DROPPED)  # in ~/status and, with spaces, in /diagnostics


@dataclass(frozen=True)
class Pose:
    """`matrix` (4, 4): the camera (optical axes) in `frame_id`, at `stamp` nanoseconds. `child` is TF's only."""

    stamp: int
    frame_id: str
    matrix: np.ndarray
    child: str = ''


@dataclass(frozen=True)
class Cloud:
    """A random sample of one cloud: points (n, 3) metres in `frame_id`, colours (n, 3) uint8, confidence (n,).

    `depth` (h, w) is the whole cloud's z where that was asked for, else None.
    """

    stamp: int
    frame_id: str
    points: np.ndarray
    colours: np.ndarray
    confidence: np.ndarray
    depth: np.ndarray | None


@dataclass
class Recording:
    """Everything that came, in the order in which it came."""

    poses: list[Pose] = field(default_factory=list)
    transforms: list[Pose] = field(default_factory=list)
    clouds: list[Cloud] = field(default_factory=list)
    statuses: list[ReconstructionStatus] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0))

    @property
    def accounted(self) -> int:
        """Images that the node answered, withheld or dropped, as far as it has told."""
        return sum(self.counters[fate] for fate in ('answered', 'withheld_lost', *DROPPED))


class Recorder:
    """Subscribes to the node's outputs on a thread of its own; use as a context manager."""

    def __init__(self, context: Context, *, camera_frames: Collection[str], whole: Collection[int],
                 points_per_cloud: int) -> None:
        """Subscribe where the context's arguments put the node, as they put ours.

        camera_frames: whose transforms to record. whole: stamps of the clouds whose depth is kept.
        points_per_cloud: how many points of each cloud are kept.
        """
        self.recording = Recording()
        self.reports = 0  # of the node, in diagnostics, since anything else came; those that waited for us are one
        self._reported = -APART_S
        self.moved = time.monotonic()
        self._camera_frames = camera_frames
        self._whole = whole
        self._points = points_per_cloud
        self._matched: set[str] = set()
        self._node = Node('recorder', context=context, start_parameter_services=False, enable_rosout=False)
        self._state = self._node.create_client(GetState, f'{NODE}/get_state')
        self._topics = {f'{NODE}/pose': (PoseStamped, self._on_pose),
                        f'{NODE}/points': (PointCloud2, self._on_cloud),
                        f'{NODE}/status': (ReconstructionStatus, self._on_status),
                        '/tf': (TFMessage, self._on_transforms), '/diagnostics': (DiagnosticArray, self._on_report)}
        for topic, (kind, callback) in self._topics.items():
            self._node.create_subscription(
                kind, topic, callback, QoSProfile(depth=DEPTH, reliability=ReliabilityPolicy.RELIABLE),
                event_callbacks=SubscriptionEventCallbacks(
                    matched=lambda event, topic=topic: self._matched.add(topic)))
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self._node)
        self._stopping = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._spin, name='recorder', daemon=True)

    def __enter__(self) -> Recorder:
        """Begin to record."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop recording."""
        self._stopping = True
        self._thread.join()
        self._executor.shutdown()
        self._node.destroy_node()

    def node_state(self, timeout: float = 1.0) -> str | None:
        """Return the node's lifecycle state, None if it does not answer in time."""
        if not self._state.service_is_ready():
            return None
        future = self._state.call_async(GetState.Request())
        deadline = time.monotonic() + timeout
        while not future.done() and time.monotonic() < deadline:
            time.sleep(0.01)
        return future.result().current_state.label if future.done() else None

    def connected(self) -> bool:
        """Return whether every output of the node has reached us; raises what a callback raised."""
        self.check()
        return self._matched == set(self._topics)

    def check(self) -> None:
        """Raise what recording failed with, if it did."""
        if self._failure is not None:
            raise self._failure

    def _spin(self) -> None:
        try:
            while not self._stopping:
                self._executor.spin_once(timeout_sec=0.1)
        except Exception as error:
            self._failure = error

    def _on_pose(self, message: PoseStamped) -> None:
        p, q = message.pose.position, message.pose.orientation
        matrix = quaternion_matrix((q.x, q.y, q.z, q.w))
        matrix[:3, 3] = p.x, p.y, p.z
        self.recording.poses.append(Pose(nanoseconds(message.header.stamp), message.header.frame_id, matrix))
        self._move()

    def _on_transforms(self, message: TFMessage) -> None:
        for transform in message.transforms:
            if transform.child_frame_id in self._camera_frames:
                self.recording.transforms.append(Pose(
                    nanoseconds(transform.header.stamp), transform.header.frame_id, from_transform(transform),
                    transform.child_frame_id))

    def _on_cloud(self, message: PointCloud2) -> None:
        stamp = nanoseconds(message.header.stamp)
        cells = point_cloud2.read_points(message, field_names=('x', 'y', 'z', 'rgb', 'confidence'))
        there = np.flatnonzero(np.isfinite(cells['z']))  # NaN: no measurement
        # Seeded by the frame's number: the same run keeps the same points.
        picked = cells[np.random.default_rng(len(self.recording.clouds)).choice(
            there, min(len(there), self._points), replace=False)]
        rgb = np.ascontiguousarray(picked['rgb'], np.float32).view(np.uint32)
        self.recording.clouds.append(Cloud(
            stamp, message.header.frame_id, np.stack([picked[axis] for axis in 'xyz'], axis=-1),
            np.stack([(rgb >> shift & 255).astype(np.uint8) for shift in (16, 8, 0)], axis=-1),
            np.array(picked['confidence']),
            np.array(cells['z']).reshape(message.height, message.width) if stamp in self._whole else None))
        self._move()

    def _on_status(self, message: ReconstructionStatus) -> None:
        self.recording.statuses.append(message)
        self._count({name: getattr(message, name) for name in COUNTERS})

    def _on_report(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.endswith(f'{NODE}: input'):
                values = {value.key.replace(' ', '_'): value.value for value in status.values}
                self._count({name: int(values[name]) for name in COUNTERS})
                if time.monotonic() - self._reported > APART_S:
                    self._reported = time.monotonic()
                    self.reports += 1

    def _count(self, told: dict[str, int]) -> None:
        """Take the counters on; the two topics that tell them may overtake one another."""
        for name, value in told.items():
            if value > self.recording.counters[name]:
                self.recording.counters[name] = value
                self._move()

    def _move(self) -> None:
        self.reports, self.moved = 0, time.monotonic()
