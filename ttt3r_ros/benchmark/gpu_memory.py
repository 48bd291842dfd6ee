# SPDX-License-Identifier: Apache-2.0
"""What nodes in other processes have reserved of a GPU's memory."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from ttt3r_ros.ros.diagnostics import RESERVED


class GpuMemory:
    """Hears from /diagnostics how much each node has reserved at most (PyTorch's max_memory_reserved)."""

    def __init__(self, node: Node) -> None:
        """Take the node to listen with."""
        self._reserved: dict[str, int] = {}
        self._subscription = node.create_subscription(DiagnosticArray, '/diagnostics', self._hear, 10)

    def told(self) -> dict[str, list[int]]:
        """Return the MiB of each node, for a line of JSON; nothing where no node has a GPU."""
        return {'gpu_reserved_mib': list(self._reserved.values())} if self._reserved else {}

    def _hear(self, array: DiagnosticArray) -> None:
        for status in array.status:
            for value in status.values:
                if value.key == RESERVED:
                    self._reserved[status.name.partition(':')[0]] = int(value.value)
