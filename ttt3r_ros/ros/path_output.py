# SPDX-License-Identifier: Apache-2.0
"""`~/path`: where the tracked frame has been, of bounded length."""

from __future__ import annotations

from collections import deque

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from rclpy.lifecycle import LifecycleNode

from ttt3r_ros.reconstruction import whole_file
from ttt3r_ros.reconstruction.whole_file import FilePath

LENGTH = 10_000  # poses; then every second one goes, so that the whole way stays


class PathOutput:
    """Keeps the poses and publishes them."""

    def __init__(self, node: LifecycleNode, prefix: str) -> None:
        """Create the publisher; prefix: see Outputs."""
        self._node = node
        self._publisher = node.create_lifecycle_publisher(Path, f'~/{prefix}path', 1)
        self._poses: deque[PoseStamped] = deque()
        self._stride, self._count = 1, 0

    def wanted(self) -> bool:
        """Return whether anyone subscribes."""
        return self._publisher.get_subscription_count() > 0

    def add(self, pose: PoseStamped) -> None:
        """Take the newest pose; publish the path if anyone subscribes. Kept poses thin out as it grows."""
        if self._count % self._stride == 0:
            self._poses.append(pose)
        self._count += 1
        if len(self._poses) > LENGTH:
            self._poses = deque(list(self._poses)[::2])
            self._stride *= 2
        if self.wanted():
            self._publisher.publish(Path(header=pose.header, poses=list(self._poses)))

    def write_tum(self, target: FilePath) -> int:
        """Write the kept poses as TUM lines, `seconds x y z qx qy qz qw`; return how many. Raises FileError."""
        lines = []
        for pose in self._poses:
            stamp, p, q = pose.header.stamp, pose.pose.position, pose.pose.orientation
            lines.append(f'{stamp.sec}.{stamp.nanosec:09d} {p.x:.9g} {p.y:.9g} {p.z:.9g} '
                         f'{q.x:.9g} {q.y:.9g} {q.z:.9g} {q.w:.9g}\n')
        whole_file.write(target, [''.join(lines).encode()])
        return len(lines)

    def destroy(self) -> None:
        """Take the publisher off the node."""
        self._node.destroy_lifecycle_publisher(self._publisher)
