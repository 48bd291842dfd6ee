# SPDX-License-Identifier: Apache-2.0
"""What log and diagnostics are told of the tracking state."""

from __future__ import annotations

import time
from collections import deque

from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.reconstruction.tracking import Tracking, TrackingState
from ttt3r_ros.ros.diagnostics import Health
from ttt3r_ros.ros.log import Log

CALM_S, MOST = 10.0, 6  # seconds, and changes of the state that are told within them


class TrackingReport:
    """Follows one camera's states; the inference thread's."""

    def __init__(self, log: Log, health: Health, unjudged: str) -> None:
        """Take where to tell; unjudged: why nobody judges, where that is so."""
        self._log, self._health, self._unjudged = log, health, unjudged
        self._told: deque[float] = deque(maxlen=MOST)  # when the last lines were, time.monotonic() seconds
        self._untold = 0  # changes since the last line

    def tell(self, frame: Frame, stamp: int, when_lost: str) -> Tracking:
        """Return a frame's state, one in doubt where nobody judges, and tell the log where it has changed.

        stamp: the frame's, ns. A light that flickers changes the state with each image: then the state is told again
        once there is room for a line, with how often it has changed meanwhile.
        """
        tracking, before = frame.tracking, self._health.tracking
        if tracking is None:
            since = stamp if before is None else before.since
            self._health.tracking = Tracking(TrackingState.DEGRADED, self._unjudged, since, True)
            return self._health.tracking
        self._health.tracking = tracking
        changed = before is None or (before.state, before.trusted) != (tracking.state, tracking.trusted)
        if not changed and not self._untold:
            return tracking
        now = time.monotonic()
        if len(self._told) == MOST and now - self._told[0] < CALM_S:
            self._untold += changed
            return tracking
        self._told.append(now)
        note = f' (changed {self._untold + changed} times since the last line)' if self._untold else ''
        self._untold = 0
        # One line for each level: rclpy refuses another severity from the same line.
        if tracking.state is TrackingState.LOST:
            told = 'no pose is told' if when_lost == 'stop' else 'the poses are guesses'
            self._log.error(f'tracking lost, {told}: {tracking.reason}{note}')
        elif tracking.state is TrackingState.DEGRADED:
            self._log.warning(f'tracking degraded: {tracking.reason}{note}')
        elif tracking.state is TrackingState.INITIALISING and not tracking.trusted:
            self._log.warning(f'the path has not begun: {tracking.reason}{note}')
        elif tracking.state is TrackingState.INITIALISING:
            self._log.info(f'segment {frame.segment} begins: {tracking.reason}{note}')
        else:
            self._log.info(f'tracking ok{note}')
        return tracking
