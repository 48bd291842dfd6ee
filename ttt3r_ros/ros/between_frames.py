# SPDX-License-Identifier: Apache-2.0
"""Odometry between two answers: `~/odometry_predicted` and TF, as often as `odometry.rate` says.

The topic tells of now. TF tells each stamp once, in order, and an image's own stamp as it was answered: so it stays
`odometry.image_delay` behind the clock, and before an image that has come and is not answered yet. With a delay of 0 it
waits for nothing: TF tells of now, and an answer is put in at its stamp, behind what went out meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from nav_msgs.msg import Odometry
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Header

from ttt3r_ros.reconstruction.dead_reckoning import HORIZON_NS, DeadReckoning
from ttt3r_ros.reconstruction.odometry import Estimate
from ttt3r_ros.ros.conversions import nanoseconds, to_odometry, to_time, to_transform
from ttt3r_ros.ros.frames import Frames
from ttt3r_ros.ros.imu_turns import ImuTurns
from ttt3r_ros.ros.lasting import Lasting
from ttt3r_ros.ros.log import Log

REPEAT_S = 10.0  # a trouble that stays is told again after this long


@dataclass(frozen=True)
class BetweenSettings:
    """rate: predictions a second, 0 for none; image_delay, imu_time_offset: seconds, as their parameters say."""

    rate: float
    image_delay: float
    imu_time_offset: float


class BetweenFrames:
    """Carries the answers of the camera that speaks to TF on. Answers come on the inference thread, the timer on the
    executor's; what goes to TF is sent under a lock, so that it stays in order."""

    def __init__(self, node: LifecycleNode, log: Log, frames: Frames, turns: ImuTurns, settings: BetweenSettings,
                 odom_frame: str, map_frame: str, prefix: str, waiting: Callable[[], Iterable[int]]) -> None:
        """Take the frames' names and what tells the stamps, ns, of images that are there and not answered.

        map_frame: of a map that moves against the odometry, '' for none; its transform goes out with each of theirs.
        """
        self._node, self._log, self._frames, self._turns = node, log, frames, turns
        self._odom_frame, self._map_frame = odom_frame, map_frame
        self._map_from_odom = np.eye(4)
        self._waiting = waiting
        self._period, self._delay = round(1e9 / settings.rate), round(settings.image_delay * 1e9)
        self._lock = threading.Lock()
        self._reckoning = DeadReckoning(lambda start, end: self._turns.of(self._child, start, end))
        self._child = ''
        self._late = Lasting()
        self._tells_tf = True
        self._sent: int | None = None  # the newest stamp in TF, ns
        self._pose = np.eye(4)  # with it
        self._answered: int | None = None  # the last answer's
        self._publisher = node.create_lifecycle_publisher(Odometry, f'{prefix}odometry_predicted', 10)
        self._timer = node.create_timer(1 / settings.rate, self._tick)

    def answered(self, header: Header, child: str, estimate: Estimate, trusted: bool, publish_tf: bool) -> None:
        """Take an answer that is told; with publish_tf it goes to TF in its turn, the map always."""
        stamp = nanoseconds(header.stamp)
        with self._lock:
            if child != self._child or self._answered is not None and stamp <= self._answered:  # a looped bag
                self._sent = None
                self._reckoning.forget()
            self._child, self._tells_tf, self._answered = child, publish_tf, stamp
            if self._speaks:
                self._send_answer(stamp, estimate)
            behind = self._node.get_clock().now().nanoseconds - stamp
            if self._late.seen(behind > HORIZON_NS):
                self._log.warning(
                    f"nothing is told between frames: answers come {behind / 1e9:.1f} s after their images' stamps, "
                    f'and one is carried on for {HORIZON_NS / 1e9:g} s; do the clocks of camera and robot agree, '
                    'or is the network too slow here? (of a bag: --clock, and use_sim_time)', every=REPEAT_S)
            if trusted:
                self._reckoning.answered(stamp, estimate)
                self._turns.learn(stamp, child, estimate)
            else:
                self._reckoning.forget()

    def move_map(self, map_from_odom: np.ndarray) -> None:
        """Tell TF at once where the odometry frame (4, 4) is in the map, a nanosecond after what it was told last."""
        with self._lock:
            self._map_from_odom = map_from_odom
            if self._sent is not None:
                self._send([(self._sent + 1, self._pose)])

    def wanted(self) -> bool:
        """Return whether anyone subscribes to the predictions."""
        return bool(self._publisher.get_subscription_count())

    def pause(self) -> None:
        """Tell nothing until the next answer."""
        with self._lock:
            self._reckoning.forget()

    def destroy(self) -> None:
        """Take publisher and timer off the node."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_lifecycle_publisher(self._publisher)

    @property
    def _speaks(self) -> bool:
        """Whether TF has anything from here."""
        return self._tells_tf or bool(self._map_frame)

    def _tick(self) -> None:
        self._turns.catch_up()
        now = self._node.get_clock().now().nanoseconds
        with self._lock:
            estimate = self._reckoning.publish(now)
            if estimate is not None:
                self._publisher.publish(to_odometry(self._header(now), self._child, estimate))
            if not self._speaks:
                return
            if self._delay:
                self._send_until(now - self._delay)
            elif estimate is not None:
                self._send([(now, estimate.tracked)])

    def _send_answer(self, stamp: int, estimate: Estimate) -> None:
        late = self._sent is not None and stamp <= self._sent
        if self._delay and late:
            behind = (self._node.get_clock().now().nanoseconds - stamp) / 1e9
            self._log.warning(
                f'an image came after TF had told its stamp, and TF does not have its pose: set odometry.image_delay '
                f'above {self._delay / 1e9:g}, to what lies between an image\'s stamp and its arrival (it was answered '
                f'after {behind:.2f} s)', every=REPEAT_S)
            return
        self._send(self._due(stamp - 1) if self._delay else [])
        self._map_from_odom = estimate.map_from_odom
        self._send([(stamp, estimate.tracked)])

    def _send_until(self, latest: int) -> None:
        last = self._reckoning.last
        if last is None or latest > last + HORIZON_NS:  # images of another time, such as a bag's without its clock
            return
        for stamp in self._waiting():
            if last < stamp <= latest:
                latest = stamp - 1
        self._send(self._due(latest))

    def _due(self, latest: int) -> list[tuple[int, np.ndarray]]:
        """Return the poses that TF lacks up to a stamp, ns, each period of the last answer."""
        last = self._reckoning.last
        if last is None:
            return []
        told = last if self._sent is None else max(self._sent, last)
        first = last + ((told - last) // self._period + 1) * self._period
        stamps = range(first, min(latest, last + HORIZON_NS) + 1, self._period)
        poses = ((stamp, self._reckoning.pose_at(stamp)) for stamp in stamps)
        return [(stamp, pose) for stamp, pose in poses if pose is not None]

    def _send(self, poses: list[tuple[int, np.ndarray]]) -> None:
        if not poses:
            return
        if self._sent is None or poses[-1][0] > self._sent:
            self._sent, self._pose = poses[-1]
        transforms = [to_transform(self._header(stamp), self._child, pose)
                      for stamp, pose in poses if self._tells_tf]
        if self._map_frame:
            transforms += [to_transform(Header(stamp=to_time(stamp), frame_id=self._map_frame), self._odom_frame,
                                        self._map_from_odom) for stamp, _ in poses]
        self._frames.broadcast(*transforms)

    def _header(self, stamp: int) -> Header:
        return Header(stamp=to_time(stamp), frame_id=self._odom_frame)
