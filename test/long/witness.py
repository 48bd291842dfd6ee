# SPDX-License-Identifier: Apache-2.0
"""Hears what the node says of each image and holds it against what was sent."""

from __future__ import annotations

import time
from collections import Counter, deque

import numpy as np
import rclpy
from camera import Camera
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from harness import pose_matrix, stamp_of
from mount import OPTICAL
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile
from ttt3r_ros.msg import ReconstructionStatus

from ttt3r_ros.evaluation.restarts import RIGHT_DEG, RIGHT_M
from ttt3r_ros.reconstruction.trajectory import extent

REMEMBERED = 3000  # images


class Witness:
    """One client node; `latencies` ms, `wrong` and `off` are of the phase and emptied with `turn`.

    wrong: what must never be, by its name. off: steps told `ok` that are RIGHT_M or RIGHT_DEG from the truth's, which
    is the network's matter, not the load's: a quiet minute says how many are to be expected.
    """

    def __init__(self, camera: Camera, truth: np.ndarray) -> None:
        """Listen; truth: (n, 4, 4) camera-to-world of the film's frames, metres, optical axes."""
        self._camera = camera
        self._truth = truth @ np.linalg.inv(OPTICAL)
        self.node = rclpy.create_node('soak_witness')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._sent: dict[int, tuple[int, int]] = {}  # stamp: time of sending, frame
        self._order: deque[int] = deque()
        self._answered: deque[int] = deque(maxlen=REMEMBERED)
        self._poses: dict[int, np.ndarray] = {}
        self.last: tuple[int, np.ndarray] | None = None  # frame and pose that was told last
        self.tracking = ''
        self.statuses = self.steps = 0
        self.diagnostics: dict[str, dict[str, str]] = {}
        self.heard_at = 0.0  # of the last diagnostics, monotonic
        self._unjudged_until = 0.0
        self.turn()
        qos = QoSProfile(depth=1000)
        self.node.create_subscription(PoseStamped, '/ttt3r/pose', self._pose, qos)
        self.node.create_subscription(ReconstructionStatus, '/ttt3r/status', self._status, qos)
        self.node.create_subscription(DiagnosticArray, '/diagnostics', self._diagnose, qos)

    def turn(self) -> None:
        """Begin a phase."""
        self.latencies: list[float] = []
        self.wrong: Counter[str] = Counter()
        self.off = self.steps = 0

    def forget(self, seconds: float = 2.0) -> None:
        """Judge no step from a pose of before to one of so much later: what is asked of the node moves it."""
        self._unjudged_until = time.monotonic() + seconds

    def spin_until(self, end: float) -> None:
        """Let messages come until time.monotonic() is there."""
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=min(left, 0.05))
            self._take_sent()

    def number(self, part: str, key: str) -> int:
        """Return a number of the last diagnostics."""
        return int(self.diagnostics[part][key].split()[0])

    def error(self, before: tuple[int, np.ndarray], after: tuple[int, np.ndarray]) -> tuple[float, float]:
        """Return by how much the way between two frames with their poses is off, metres and degrees."""
        told = np.linalg.inv(before[1]) @ after[1]
        true = np.linalg.inv(self._truth[before[0]]) @ self._truth[after[0]]
        metres, radians = extent(np.linalg.inv(true) @ told)
        return float(metres), float(np.degrees(radians))

    def close(self) -> None:
        """Take the client off the network."""
        self._executor.shutdown()
        self.node.destroy_node()

    def _take_sent(self) -> None:
        for stamp, now, frame in self._camera.images():
            self._sent[stamp] = now, frame
            self._order.append(stamp)
            if len(self._order) > REMEMBERED:
                self._sent.pop(self._order.popleft(), None)

    def _pose(self, message: PoseStamped) -> None:
        arrived, stamp = time.time_ns(), stamp_of(message)
        self._take_sent()
        if stamp not in self._sent:
            self.wrong['a pose of an image that nobody sent'] += 1
            return
        q, p = message.pose.orientation, message.pose.position
        values = np.array([p.x, p.y, p.z, q.x, q.y, q.z, q.w])
        if not np.isfinite(values).all() or abs(np.linalg.norm(values[3:]) - 1) > 1e-6:
            self.wrong['a pose that is none'] += 1
            return
        if stamp in self._poses:
            self.wrong['two poses of one image'] += 1
        self.latencies.append((arrived - self._sent[stamp][0]) / 1e6)
        self._poses[stamp] = pose_matrix(message.pose)
        while len(self._poses) > REMEMBERED:
            del self._poses[next(iter(self._poses))]
        if stamp in self._answered:
            self._judge(stamp)

    def _status(self, message: ReconstructionStatus) -> None:
        self.statuses += 1
        stamp = stamp_of(message)
        if stamp in self._answered:
            self.wrong['two statuses of one image'] += 1
        self._answered.append(stamp)
        self.tracking = message.tracking
        counted = sum(getattr(message, name) for name in message.get_fields_and_field_types()
                      if name.startswith(('answered', 'dropped_', 'withheld_')))
        if counted > message.received:
            self.wrong['more images counted than received'] += 1
        if stamp in self._poses:
            self._judge(stamp)

    def _judge(self, stamp: int) -> None:
        """Of a pose whose status is known, in whichever order they came."""
        now = self._sent[stamp][1], self._poses[stamp]
        last, self.last = self.last, now
        if last is None or self.tracking != 'ok' or time.monotonic() < self._unjudged_until:
            return
        self.steps += 1
        metres, degrees = self.error(last, now)
        self.off += metres > RIGHT_M or degrees > RIGHT_DEG

    def _diagnose(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.diagnostics[status.name.partition(': ')[2]] = {
                'message': status.message, **{pair.key: pair.value for pair in status.values}}
        self.heard_at = time.monotonic()
