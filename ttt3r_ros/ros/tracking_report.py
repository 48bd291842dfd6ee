# SPDX-License-Identifier: Apache-2.0
"""What log and diagnostics are told of the tracking state."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode

from ttt3r_ros.reconstruction.tracking import Tracking, TrackingState
from ttt3r_ros.ros.diagnostics import Health

REPEAT_S = 5.0  # a state that comes and goes is told again after this long


class TrackingReport:
    """Follows one camera's states; the inference thread's."""

    def __init__(self, node: LifecycleNode, health: Health, unjudged: str) -> None:
        """Take where to tell; unjudged: why nobody judges, where that is so."""
        self._log, self._health, self._unjudged = node.get_logger(), health, unjudged

    def tell(self, tracking: Tracking | None, stamp: int, when_lost: str) -> Tracking:
        """Return a frame's state, one in doubt where nobody judges, and tell the log where it has changed.

        stamp: the frame's, ns.
        """
        before, judged = self._health.tracking, tracking is not None
        if not judged:
            tracking = Tracking(TrackingState.DEGRADED, self._unjudged, stamp if before is None else before.since, True)
        self._health.tracking = tracking
        if before is not None and before.state is tracking.state:
            return tracking
        # One line for each level: rclpy refuses another severity from the same line.
        if tracking.state is TrackingState.LOST:
            told = 'no pose is told' if when_lost == 'stop' else 'the poses are guesses'
            self._log.error(f'tracking lost, {told}: {tracking.reason}')
        elif tracking.state is TrackingState.DEGRADED and judged:
            self._log.warning(f'tracking degraded: {tracking.reason}', throttle_duration_sec=REPEAT_S)
        elif tracking.state is TrackingState.OK and before is not None:
            self._log.info('tracking ok')
        return tracking
