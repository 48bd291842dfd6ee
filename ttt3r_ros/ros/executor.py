# SPDX-License-Identifier: Apache-2.0
"""rclpy's executor, with a wait set that stays small: a node of several robots has some hundred QoS events."""

from __future__ import annotations

import time

from rclpy.event_handler import EventHandler
from rclpy.executors import SingleThreadedExecutor

EVENTS_EVERY_S = 0.5


class RarelyEventfulExecutor(SingleThreadedExecutor):
    """Looks for QoS events, such as a subscription that cannot be served, twice a second, and not at each message.

    rclpy collects all that it waits for anew each time, in Python. An event stays until it is taken, so none is missed.
    Whoever spins must do so with a timeout, as they wake nobody between two looks.
    """

    def __init__(self, **arguments) -> None:
        """Take the base class's arguments."""
        super().__init__(**arguments)
        self._looked, self._looks = -EVENTS_EVERY_S, False

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """See the base class."""
        now = time.monotonic()
        self._looks = now - self._looked >= EVENTS_EVERY_S
        if self._looks:
            self._looked = now
        super().spin_once(timeout_sec)

    def can_execute(self, entity) -> bool:
        """See the base class."""
        return (self._looks or not isinstance(entity, EventHandler)) and super().can_execute(entity)
