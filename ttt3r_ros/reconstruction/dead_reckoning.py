# SPDX-License-Identifier: Apache-2.0
"""Where the robot is between two answers: the last one carried on.

The turn since the last answered image is the gyroscope's, or without one the last twist's; the way is the last twist's,
in the robot's own axes. What was published before an answer came, and turns out to be off, is blended out of what is
published after it within BLEND_NS, so that nothing that follows it sees a jump.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ttt3r_ros.reconstruction import rotation
from ttt3r_ros.reconstruction.odometry import Estimate
from ttt3r_ros.reconstruction.twist import exponential, logarithm

Turn = Callable[[int, int], 'np.ndarray | None']  # of the tracked frame between two stamps, as Gyroscope.turn

HORIZON_NS = 1_000_000_000  # behind the last answer; later nothing is told: the camera is dead, or lost
BLEND_NS = 200_000_000
RATE_NS = 20_000_000  # of the gyroscope's rate that is told
ACCELERATION = 0.6  # m/s², standard deviation of what the speed does meanwhile
ANGULAR_ACCELERATION = 1.0  # rad/s², the same of the turn rate, where there is no gyroscope
GYROSCOPE_BIAS = 0.01  # rad/s, what may be left of it
GYROSCOPE_WALK = 0.001  # rad in √s
UNKNOWN_SPEED, UNKNOWN_RATE = 1.0, 1.0  # m/s and rad/s, where there is no twist to carry on
PLACE, ATTITUDE = slice(0, 3), slice(3, 6)


@dataclass(frozen=True)
class _Correction:
    """What is blended out: motion (6,), an SE(3) logarithm in the tracked frame, whole at `since`, ns."""

    motion: np.ndarray
    since: int

    def apply(self, pose: np.ndarray, stamp: int) -> np.ndarray:
        part = 1 - (stamp - self.since) / BLEND_NS
        return pose @ exponential(min(part, 1.0) * self.motion) if part > 0 else pose


class DeadReckoning:
    """Carries the answers on. Thread-safe."""

    def __init__(self, turn: Turn | None = None) -> None:
        """Take what a gyroscope tells of the tracked frame's turns; None: the twist is held."""
        self._turn = turn or (lambda start, end: None)
        self._lock = threading.Lock()
        self._answer: tuple[int, Estimate] | None = None
        self._correction: _Correction | None = None
        self._published: tuple[int, np.ndarray] | None = None

    @property
    def last(self) -> int | None:
        """The stamp, ns, of the answer that is carried on, None where there is none."""
        answer = self._answer
        return None if answer is None else answer[0]

    def answered(self, stamp: int, estimate: Estimate) -> None:
        """Take an answered image's estimate at its stamp, ns; without a twist it is a beginning: nothing is blended."""
        with self._lock:
            shown = self._published
            if shown is not None and shown[0] < stamp:  # what would have been shown then
                before = self._carry_pose(stamp)
                shown = before and (stamp, before[0] if self._correction is None else
                                    self._correction.apply(before[0], stamp))
            self._answer = stamp, estimate
            self._correction = None
            if estimate.twist is None:
                self._published = None
            elif shown is not None:
                now = self._carry_pose(shown[0])
                if now is not None:
                    self._correction = _Correction(logarithm(np.linalg.inv(now[0]) @ shown[1]), shown[0])

    def forget(self) -> None:
        """Carry nothing on until the next answer: the camera is lost, or the path is another."""
        with self._lock:
            self._answer = self._correction = self._published = None

    def at(self, stamp: int) -> Estimate | None:
        """Return where the tracked frame is at a stamp, ns, by all that is known now; None outside of HORIZON_NS behind
        the last answer."""
        with self._lock:
            return self._carry(stamp)

    def pose_at(self, stamp: int) -> np.ndarray | None:
        """Return the pose (4, 4) of `at` alone, which costs a fraction of it."""
        with self._lock:
            carried = self._carry_pose(stamp)
            return None if carried is None else carried[0]

    def publish(self, stamp: int) -> Estimate | None:
        """Return the same without a jump from what was published last; stamps increase."""
        with self._lock:
            estimate = self._carry(stamp)
            if estimate is None:
                return None
            if self._correction is not None:
                estimate = replace(estimate, tracked=self._correction.apply(estimate.tracked, stamp))
            self._published = stamp, estimate.tracked
            return estimate

    def _carry_pose(self, stamp: int) -> tuple[np.ndarray, bool] | None:
        """Return the tracked frame's pose (4, 4), and whether the gyroscope knows its turn."""
        if self._answer is None or not 0 <= stamp - self._answer[0] <= HORIZON_NS:
            return None
        start, answer = self._answer
        elapsed = (stamp - start) / 1e9
        velocity, rate = _twist(answer)
        turned = self._turn(start, stamp)
        turn = rate * elapsed if turned is None else rotation.vector_of(turned)
        return answer.tracked @ exponential(np.concatenate((velocity * elapsed, turn))), turned is not None

    def _carry(self, stamp: int) -> Estimate | None:
        carried = self._carry_pose(stamp)
        if carried is None:
            return None
        tracked, has_gyroscope = carried
        start, answer = self._answer
        elapsed = (stamp - start) / 1e9
        velocity, rate = _twist(answer)
        now = self._turn(stamp - RATE_NS, stamp) if has_gyroscope else None
        if now is not None:
            rate = rotation.vector_of(now) / (RATE_NS * 1e-9)
        return replace(answer, tracked=tracked, camera=tracked @ np.linalg.inv(answer.tracked) @ answer.camera,
                       covariance=_covariance(answer, tracked, elapsed, has_gyroscope),
                       twist=np.concatenate((velocity, rate)),
                       twist_covariance=_twist_covariance(answer, elapsed, has_gyroscope))


def _twist(answer: Estimate) -> tuple[np.ndarray, np.ndarray]:
    """Return the answer's velocity and turn rate (3,), 0 where they are not known."""
    return (np.zeros(3), np.zeros(3)) if answer.twist is None else tuple(np.split(answer.twist, 2))


def _moving(answer: Estimate, elapsed: float) -> np.ndarray:
    """Return the covariance (6, 6) of the answer's twist after so many seconds of acceleration."""
    if answer.twist_covariance is None:
        return np.diag([UNKNOWN_SPEED ** 2] * 3 + [UNKNOWN_RATE ** 2] * 3)
    return answer.twist_covariance + elapsed ** 2 * np.diag([ACCELERATION ** 2] * 3 + [ANGULAR_ACCELERATION ** 2] * 3)


def _by_gyroscope(covariance: np.ndarray, variance: float) -> np.ndarray:
    """Return a covariance (6, 6) whose turns are known of themselves, with a variance each."""
    known = covariance.copy()
    known[ATTITUDE], known[:, ATTITUDE] = 0, 0
    known[ATTITUDE, ATTITUDE] = variance * np.eye(3)
    return known


def _twist_covariance(answer: Estimate, elapsed: float, has_gyroscope: bool) -> np.ndarray:
    """Return the covariance (6, 6) of the twist so many seconds after its answer."""
    known = _moving(answer, elapsed)
    if has_gyroscope:
        known = _by_gyroscope(known, GYROSCOPE_BIAS ** 2 + GYROSCOPE_WALK ** 2 / (RATE_NS * 1e-9))
    return known


def _covariance(answer: Estimate, tracked: np.ndarray, elapsed: float, has_gyroscope: bool) -> np.ndarray:
    """Return the pose's covariance (6, 6), odometry axes, so many seconds after its answer, at `tracked` (4, 4)."""
    carry = np.eye(6)
    x, y, z = tracked[:3, 3] - answer.tracked[:3, 3]
    carry[PLACE, ATTITUDE] = [[0, z, -y], [-z, 0, x], [y, -x, 0]]  # an attitude that is off turns the way
    grown = carry @ answer.covariance @ carry.T
    axes = np.zeros((6, 6))
    axes[PLACE, PLACE] = axes[ATTITUDE, ATTITUDE] = answer.tracked[:3, :3]
    step = _moving(answer, elapsed / 2) * elapsed ** 2  # half: the mean over the way
    if has_gyroscope:
        step = _by_gyroscope(step, (GYROSCOPE_BIAS * elapsed) ** 2 + GYROSCOPE_WALK ** 2 * elapsed)
    grown = grown + axes @ step @ axes.T
    return (grown + grown.T) / 2
