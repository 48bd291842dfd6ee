# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the node as a whole, or round it: in the log when it begins, in the diagnostics each second."""

from __future__ import annotations

import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.lifecycle import LifecycleNode

REPEAT_S = 60.0  # what lasts is told to the log again after this long


class Notices:
    """One node's, from its first moment on: also while it is not configured.

    `failure`: why the last attempt to configure failed, None if it did not.
    """

    def __init__(self, node: LifecycleNode) -> None:
        """Create the publisher."""
        self._node = node
        self.failure: str | None = None
        self._told: dict[str, float] = {}
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)

    def report(self, surroundings: list[str]) -> None:
        """Tell what is wrong; called once a second. surroundings: what interferes from outside, one line each."""
        now = time.monotonic()
        self._told = {text: at for text, at in self._told.items() if text in surroundings}
        for text in surroundings:
            if now - self._told.get(text, -REPEAT_S) >= REPEAT_S:
                self._told[text] = now
                self._node.get_logger().warning(text)
        array = DiagnosticArray(status=[
            self._status('configuration', DiagnosticStatus.ERROR, self.failure, 'taken'),
            self._status('surroundings', DiagnosticStatus.WARN, '; '.join(surroundings), 'nothing interferes')])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)

    def _status(self, part: str, level: bytes, problem: str | None, well: str) -> DiagnosticStatus:
        name = self._node.get_fully_qualified_name().lstrip('/')
        return DiagnosticStatus(level=level if problem else DiagnosticStatus.OK, name=f'{name}: {part}',
                                message=problem or well, hardware_id=name)
