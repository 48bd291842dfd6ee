# SPDX-License-Identifier: Apache-2.0
"""`~/path`: where the tracked frame has been, of bounded length."""

from __future__ import annotations

import struct

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from rclpy.lifecycle import LifecycleNode
from rclpy.serialization import serialize_message
from std_msgs.msg import Header

from ttt3r_ros.reconstruction.whole_file import FilePath, Writing
from ttt3r_ros.ros.conversions import nanoseconds
from ttt3r_ros.sequences.stamps import in_seconds

AT_EVERY_POSE = 500  # poses; of a longer path so many are sent for each pose added: it costs no more as it grows
ENCAPSULATION = 4  # bytes of CDR that say how the rest is written


class PathError(ValueError):
    """There is no way to be saved, and a file of an earlier one may be there, or a map's file would hold it."""


class PathOutput:
    """Keeps the poses and publishes them."""

    def __init__(self, node: LifecycleNode, prefix: str, length: int) -> None:
        """Create the publisher; prefix: see Outputs. length: poses; then every second one goes, so that the whole way
        stays."""
        self._node, self._length = node, length
        self._publisher = node.create_lifecycle_publisher(Path, f'{prefix}path', 1)
        self.clear()

    def clear(self) -> None:
        """Forget the way."""
        self._poses: list[PoseStamped] = []
        self._serialised: list[bytes] = []  # of each pose, without the encapsulation
        self._stride, self._count = 1, 0

    def wanted(self) -> bool:
        """Return whether anyone subscribes."""
        return self._publisher.get_subscription_count() > 0

    def add(self, pose: PoseStamped) -> None:
        """Take the newest pose; publish the path if anyone subscribes. Kept poses thin out as it grows.

        A path of more than AT_EVERY_POSE poses is published as many times less often as it is longer.
        """
        if self._count % self._stride == 0:
            self._poses.append(pose)
            self._serialised.append(serialize_message(pose)[ENCAPSULATION:])
        self._count += 1
        if len(self._poses) > self._length:
            self._poses, self._serialised = self._poses[::2], self._serialised[::2]
            self._stride *= 2
        if self.wanted() and self._count % max(1, len(self._poses) // AT_EVERY_POSE) == 0:
            self._publisher.publish(self._message(pose.header))

    def _message(self, header: Header) -> bytes:
        """Return the Path, serialised: made of messages it would take 4 µs a pose, 36 ms in the end, at every frame.

        In CDR a pose ends on a multiple of 8 bytes, its largest member, and one that begins on it reads as one alone.
        Only the first may begin elsewhere.
        """
        number = len(serialize_message(Path(header=header))) - 4  # where it stands: last, in a path without poses
        path = bytearray(serialize_message(Path(header=header, poses=self._poses[:1])))
        struct.pack_into('=I', path, number, len(self._poses))
        return bytes(path) + b''.join(self._serialised[1:])

    def to_write(self, target: FilePath) -> Writing:
        """Return what a file of the kept poses is to hold, TUM lines, `seconds x y z qx qy qz qw`. Raises PathError."""
        if not self._poses:
            raise PathError('the path is empty: no image has been answered with a pose since it began')
        lines = []
        for pose in self._poses:
            stamp, p, q = pose.header.stamp, pose.pose.position, pose.pose.orientation
            lines.append(f'{in_seconds(nanoseconds(stamp))} {p.x:.9g} {p.y:.9g} {p.z:.9g} '
                         f'{q.x:.9g} {q.y:.9g} {q.z:.9g} {q.w:.9g}\n')
        return Writing(target, ''.join(lines).encode(), f'{len(lines)} poses to {target}')

    def destroy(self) -> None:
        """Take the publisher off the node."""
        self._node.destroy_lifecycle_publisher(self._publisher)
