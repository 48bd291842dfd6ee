# SPDX-License-Identifier: Apache-2.0
"""Frames that others tell: the cameras' mounts and the IMU's from TF in, odometry → base out."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import TransformStamped
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.subscription import Subscription
from rclpy.time import Time
from tf2_msgs.msg import TFMessage
from tf2_ros import Buffer, TransformException

from ttt3r_ros.ros.conversions import from_transform, nanoseconds
from ttt3r_ros.ros.log import Log

Edge = tuple[str, str]  # parent and child in TF
REMEMBERED = 1000  # stamps of each edge that we sent
SEARCHING_S = 10  # that /tf is listened to at first, while a frame is looked for
EVERY_S = 10  # and then for one second in so many: where all of TF comes at 1 kHz it costs two thirds of a core
FILL_IN = 'have their driver fill it in, which often has a parameter for it, such as frame_id'
ALONG = 0.7  # cosine of an angle that still is "the same direction"


class FrameUnknown(LookupError):
    """A transform that TF does not have yet; the message says which."""


class Frames:
    """What is fixed on the robot, each read from TF once; and the way out to TF."""

    def __init__(self, node: LifecycleNode, log: Log, base_frame: str,
                 topics: tuple[str, str] = ('/tf', '/tf_static')) -> None:
        """Take the base frame; empty, the camera itself is tracked and its mount is not read. topics: of TF, moving and
        fixed."""
        self.topics = topics
        self._node, self._log = node, log
        self.whose = f'{log.name}: ' if log.name else ''  # before what is told beside the log
        self._base_frame = base_frame
        self._sent: dict[Edge, dict[int, None]] = {}
        self.warnings: list[str] = []  # about mounts that look wrong
        self._known: dict[tuple[str, str], np.ndarray] = {}
        self._buffer = Buffer()
        self._listening: dict[str, Subscription] = {}
        self._searched = 0  # seconds, of the search that goes on
        self._heard = False  # a moving frame, since the last look
        self._missing: set[tuple[str, str]] = set()
        self._waited: set[tuple[str, str]] = set()
        self._asked = not base_frame
        self.tend()
        # Those of tf2_ros know one /tf, and keep to the first fixed transform of a child.
        self._moving = node.create_publisher(TFMessage, topics[0], QoSProfile(depth=100))
        self._fixed = node.create_publisher(TFMessage, topics[1], QoSProfile(
            depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))

    def tracked_frame(self, camera_frame: str) -> str:
        """Return the name of what is tracked when images come from camera_frame."""
        return self._base_frame or camera_frame

    def mount(self, camera_frame: str) -> np.ndarray:
        """Return the camera's optical pose (4, 4) on the tracked frame. Raises FrameUnknown."""
        if not camera_frame:
            raise FrameUnknown(f'the images have an empty frame_id: {FILL_IN}')
        if not self._base_frame:
            return np.eye(4)
        new = (self._base_frame, camera_frame) not in self._known
        mount = self.fixed(self._base_frame, camera_frame)
        if new and camera_frame == self._base_frame:
            self.warnings.append(
                f"{self.whose}base_frame {camera_frame!r} is the images' own frame, whose axes (x right, y down, z "
                "ahead) are taken for a base's (x ahead, y left, z up): leave base_frame empty to track the camera, or "
                "name the robot's base")
        elif new and mount[2, 2] > ALONG and 'optical' not in camera_frame:
            self.warnings.append(
                f"{self.whose}the images' frame {camera_frame!r} looks up in {self._base_frame!r}: it has a body's "
                'axes, not optical ones (x right, y down, z ahead); have the driver put its optical frame into the '
                f'images, such as {camera_frame.removesuffix("_link")}_optical_frame')
        return mount

    def fixed(self, target: str, source: str) -> np.ndarray:
        """Return source's pose (4, 4) in target, two frames that do not move on each other. Raises FrameUnknown."""
        key = target, source
        if not (target and source):  # nor are two that have no name the same
            raise FrameUnknown(f'messages of the {"IMU" if target else "images"} have an empty frame_id: {FILL_IN}')
        if target == source:
            self._asked = True
            self._known[key] = np.eye(4)
        if key not in self._known:
            self._missing.add(key)
            self._asked = True
            try:
                self._known[key] = from_transform(self._buffer.lookup_transform(target, source, Time()))
            except TransformException as error:
                self._waited.add(key)
                tf, static = map(self._node.resolve_topic_name, self.topics)
                raise FrameUnknown(f'no transform {target} → {source} on {static} or {tf} yet ({error}); have '
                                   'robot_state_publisher or static_transform_publisher tell it') from error
            self._missing.discard(key)
            if key in self._waited:
                self._log.info(f'the transform {target} → {source} has come')
        return self._known[key]

    def tend(self) -> None:
        """Listen to TF only while a frame is looked for, and to moving ones not all the time; called once a second.

        Executor's thread.
        """
        searching = bool(self._missing) or not self._asked
        self._searched = self._searched + 1 if searching else 0
        moving, static = self.topics
        wanted = {static} if searching else set()
        timely = self._searched <= SEARCHING_S or self._searched % EVERY_S == 0
        # As long as nothing comes it costs nothing, and who publishes may not have met us yet.
        if searching and (timely or moving in self._listening and not self._heard):
            wanted.add(moving)
        self._heard = False
        for topic in self._listening.keys() - wanted:
            self._node.destroy_subscription(self._listening.pop(topic))
        for topic in wanted - self._listening.keys():
            fixed = topic == static
            self._listening[topic] = self._node.create_subscription(
                TFMessage, topic, self._hear_fixed if fixed else self._hear, QoSProfile(
                    depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL if fixed else DurabilityPolicy.VOLATILE))

    def _hear(self, message: TFMessage) -> None:
        self._heard = True
        for transform in message.transforms:
            self._buffer.set_transform(transform, 'tf')

    def _hear_fixed(self, message: TFMessage) -> None:
        for transform in message.transforms:
            self._buffer.set_transform_static(transform, 'tf_static')

    def sent(self, edge: Edge, stamp: int) -> bool:
        """Say whether we sent this edge with this stamp, ns, not long ago."""
        return stamp in self._sent.get(edge, ())

    def edges(self) -> set[Edge]:
        """Return the edges that we have sent so far."""
        return set(self._sent)

    def claim(self, transform: TransformStamped) -> None:
        """Remember a transform as one that we send."""
        stamps = self._sent.setdefault((transform.header.frame_id, transform.child_frame_id), {})
        stamps[nanoseconds(transform.header.stamp)] = None
        if len(stamps) > REMEMBERED:
            del stamps[next(iter(stamps))]

    def broadcast(self, *transforms: TransformStamped) -> None:
        """Send transforms, in one message."""
        for transform in transforms:
            self.claim(transform)  # first: it comes back to us
        self._moving.publish(TFMessage(transforms=list(transforms)))

    def broadcast_fixed(self, transform: TransformStamped) -> None:
        """Send a fixed transform, in place of the one sent before."""
        self.claim(transform)
        self._fixed.publish(TFMessage(transforms=[transform]))

    def destroy(self) -> None:
        """Take the subscriptions and the publisher off the node."""
        for subscription in self._listening.values():
            self._node.destroy_subscription(subscription)
        self._node.destroy_publisher(self._moving)
        self._node.destroy_publisher(self._fixed)
