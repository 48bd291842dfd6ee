# SPDX-License-Identifier: Apache-2.0
"""The node's log: whose line it is where there are several, and the library's lines in it."""

from __future__ import annotations

import logging
import re
import threading
import time

from rclpy.node import Node

NUMBER = re.compile(r'-?\b(?:\d[\d.]*(?:e[-+]?\d+)?|inf|nan)\b')
MOST = 10  # causes at a time: text of others, such as an encoding, may differ each time


class Log:
    """What the node's log is told of one robot or camera; any thread.

    rclpy throttles by the line of the code, where one cause, or camera, would keep another from being told.
    """

    def __init__(self, node: Node, name: str = '') -> None:
        """name: of one among several, to be in each line; a level that is set for the node is its, too."""
        self.name = name
        self._log = node.get_logger().get_child(name) if name else node.get_logger()
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}  # by cause, until when it is not told again, time.monotonic() seconds

    def info(self, text: str) -> None:
        """Tell what happens."""
        self._log.info(text)

    def warning(self, text: str, every: float = 0.0) -> None:
        """Tell a trouble, the same but for its numbers at most once in so many seconds."""
        if self._due(text, every):
            self._log.warning(text)

    def error(self, text: str, every: float = 0.0) -> None:
        """Tell what fails, the same but for its numbers at most once in so many seconds."""
        if self._due(text, every):
            self._log.error(text)

    def _due(self, text: str, every: float) -> bool:
        if not every:
            return True
        cause, now = NUMBER.sub('', text), time.monotonic()
        with self._lock:
            self._until = {told: until for told, until in self._until.items() if until > now}
            if cause in self._until or len(self._until) >= MOST:
                return False
            self._until[cause] = now + every
            return True


class RosLog(logging.Handler):
    """Carries the library's log into the node's."""

    def __init__(self, node: Node) -> None:
        """Take the node."""
        super().__init__()
        self._node = node
        self.setFormatter(logging.Formatter('%(message)s'))

    def emit(self, record: logging.LogRecord) -> None:
        """Tell a record; `camera`, where it has that, is whose it is."""
        log, text = Log(self._node, getattr(record, 'camera', '')), self.format(record)
        # One line for each level: rclpy refuses another severity from the same line.
        if record.levelno >= logging.ERROR:
            log.error(text)
        elif record.levelno >= logging.WARNING:
            log.warning(text)
        else:
            log.info(text)
