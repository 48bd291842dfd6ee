# SPDX-License-Identifier: Apache-2.0
"""The library's log in the node's."""

from __future__ import annotations

import logging

from rclpy.node import Node


class RosLog(logging.Handler):
    """Carries the library's log into the node's."""

    def __init__(self, node: Node) -> None:
        """Take the node."""
        super().__init__()
        self._log = node.get_logger()
        self.setFormatter(logging.Formatter('%(message)s'))

    def emit(self, record: logging.LogRecord) -> None:
        """Tell a record."""
        # One line for each level: rclpy refuses another severity from the same line.
        text = self.format(record)
        if record.levelno >= logging.ERROR:
            self._log.error(text)
        elif record.levelno >= logging.WARNING:
            self._log.warning(text)
        else:
            self._log.info(text)
