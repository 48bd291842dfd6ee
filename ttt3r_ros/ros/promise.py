# SPDX-License-Identifier: Apache-2.0
"""What a camera's publisher promises of its rate, and whether it keeps it."""

from __future__ import annotations

from collections.abc import Iterable

from rclpy.qos import LivelinessPolicy, QoSProfile

FOREVER_NS = 1 << 62  # from there on a duration is DDS's infinity


class Promise:
    """Judges the gaps between a camera's images by what their publisher offers: a deadline, or a lease that only images
    renew. Nothing is asked for: a subscription that did would not match a publisher that offers less."""

    def __init__(self) -> None:
        """Begin with no image heard."""
        self._last: tuple[float, float] | None = None
        self._longest = 0.0

    def hear(self, now: float, sent: float) -> None:
        """Take it that an image has come, seconds, and when it was sent by its sender's clock.

        A gap is both: a node that is held up takes images late that were sent in time, and a clock may be set.
        """
        if self._last is not None:
            self._longest = max(self._longest, min(now - self._last[0], sent - self._last[1]))
        self._last = now, sent

    def judge(self, silence: float, offered: Iterable[QoSProfile]) -> str | None:
        """Return which promise was broken since the last call, None if none was or before the first image.

        silence: for how long none has come, seconds.
        """
        longest, self._longest = self._longest, 0.0
        promised = min((seconds for qos in offered for seconds in _seconds(qos)), default=None)
        if promised is None or self._last is None:
            return None
        longest = max(longest, silence)
        if longest <= 2 * promised:  # one late image is the next one's delay, not a camera that is stuck
            return None
        return (f'its publisher promises an image every {promised:g} s, and there was none for {longest:.2f} s: is the '
                'camera, or its driver, overloaded?')


def _seconds(qos: QoSProfile) -> list[float]:
    """Return after what times at most a publisher says that there is another image."""
    times = [qos.deadline]
    if qos.liveliness is LivelinessPolicy.MANUAL_BY_TOPIC:
        times.append(qos.liveliness_lease_duration)
    return [time.nanoseconds / 1e9 for time in times if 0 < time.nanoseconds < FOREVER_NS]
