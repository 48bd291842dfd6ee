# SPDX-License-Identifier: Apache-2.0
"""How something has turned between two moments, by a gyroscope fixed on it, whose bias is found as it goes.

Bias: a Kalman filter of three numbers that walk slowly. It is told what the camera's answers say of the same turn, each
step with its own deviation, and, far surer, that nothing turns while the robot stands.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import deque

import numpy as np

from ttt3r_ros.reconstruction import rotation

LENGTH = 4000  # samples: 4 s of a gyroscope of 1 kHz
LONGEST_GAP_NS = 50_000_000  # between two samples; and how long the last rate is held
REST_NS = 1_000_000_000  # for which it stands before that is believed
REST_SPREAD = 0.03  # rad/s, a standard deviation on each axis: motors idling are below
REST_WAY, REST_TURN = 0.03, 0.03  # metres and radians that the answers may tell of a robot that stands
LEAST_AT_REST = 20  # samples
MOST_BIAS = 0.1  # rad/s: a cheap sensor's, unheated; a mean above is a turn
FIRST_DEVIATION = 0.03  # rad/s, of a bias of which nothing is known
WALK = 3e-4  # rad/s in √s
FAR = 4.0  # standard deviations: a step of the camera that is farther off says nothing about the bias


class Gyroscope:
    """Rates of bounded number, and the turns between two of their moments. Thread-safe."""

    def __init__(self) -> None:
        """Begin without a sample."""
        self._lock = threading.Lock()
        self._stamps: deque[int] = deque(maxlen=LENGTH)
        self._rates: deque[np.ndarray] = deque(maxlen=LENGTH)
        # Since the track began, without the bias then known.
        self._turned: deque[rotation.Quaternion] = deque(maxlen=LENGTH)
        self._answers: deque[tuple[int, np.ndarray, np.ndarray]] = deque(maxlen=LENGTH)
        self.bias = np.zeros(3)
        self._variance = np.full(3, FIRST_DEVIATION ** 2)
        self._rested: int | None = None  # the last stamp, ns, for which it was taken that nothing turns

    @property
    def deviation(self) -> np.ndarray:
        """The bias's standard deviations (3,), rad/s."""
        return np.sqrt(self._variance)

    def add(self, stamp: int, rate: np.ndarray) -> None:
        """Take a rate (3,), rad/s about the gyroscope's own axes, at a stamp, ns.

        What is not finite, or not later than the last one, is left out; a gap, or a stamp far back, begins anew.
        """
        if not np.isfinite(rate).all():
            return
        with self._lock:
            elapsed = stamp - self._stamps[-1] if self._stamps else None
            if elapsed is not None and -LONGEST_GAP_NS < elapsed <= 0:
                return
            if elapsed is not None and not 0 < elapsed <= LONGEST_GAP_NS:
                self._clear()
            turned = rotation.IDENTITY
            if self._stamps:
                mean = (rate + self._rates[-1]) / 2 - self.bias
                turned = rotation.product(self._turned[-1],
                                          rotation.quaternion_of_vector(mean * (elapsed * 1e-9)))
            self._stamps.append(stamp)
            self._rates.append(rate)
            self._turned.append(turned)

    def forget(self) -> None:
        """Drop the samples: they come from another sensor now. The bias is unknown again."""
        with self._lock:
            self._clear()
            self.bias, self._variance, self._rested = np.zeros(3), np.full(3, FIRST_DEVIATION ** 2), None

    def turn(self, start: int, end: int) -> np.ndarray | None:
        """Return the rotation (3, 3) from the gyroscope's axes at `end` to those at `start`, ns.

        None where samples are missing; for LONGEST_GAP_NS behind the last one its rate is held.
        """
        with self._lock:
            if not self._stamps or start < self._stamps[0] or end > self._stamps[-1] + LONGEST_GAP_NS or end < start:
                return None
            w, x, y, z = self._at(start)
            return rotation.of_quaternion(*rotation.product((w, -x, -y, -z), self._at(end)))

    def learn(self, stamp: int, attitude: np.ndarray, place: np.ndarray, deviation: float) -> None:
        """Take an answered image: the gyroscope's attitude (3, 3) and place (3,), metres, in a fixed frame at a stamp.

        stamp: ns. deviation: rad/s, of the mean rate that it tells since the last one taken.
        """
        before = self._answers[-1] if self._answers else None
        if before is not None and stamp <= before[0]:
            self._answers.clear()
            before = None
        self._answers.append((stamp, attitude, place))
        while self._answers[-1][0] - self._answers[0][0] > 2 * REST_NS:
            self._answers.popleft()
        turned = None if before is None else self.turn(before[0], stamp)
        if turned is None:
            return
        elapsed = (stamp - before[0]) / 1e9
        self._variance = self._variance + WALK ** 2 * elapsed
        told = before[1].T @ attitude
        off = rotation.vector_of(told.T @ turned) / elapsed
        self._update(off, deviation ** 2)
        resting = self._resting(stamp)
        if resting is not None:
            mean, variance = resting
            # Of the samples some were told before, and meanwhile the bias has walked.
            anew = min(stamp - self._rested, REST_NS) if self._rested is not None and stamp > self._rested else REST_NS
            self._update(mean - self.bias, (variance + WALK ** 2 * REST_NS * 1e-9 / 3) * REST_NS / anew)
            self._rested = stamp

    def forget_answers(self) -> None:
        """Compare the next answer with none before it: the path is another, or was not seen for a while."""
        self._answers.clear()

    def _update(self, off: np.ndarray, variance: np.ndarray | float) -> None:
        """Take a measurement of how far (3,) the bias is from what it is held for."""
        spread = self._variance + variance
        if (off ** 2 > FAR ** 2 * spread).any():
            return
        gain = self._variance / spread
        self.bias = self.bias + gain * off
        self._variance = (1 - gain) * self._variance

    def _resting(self, stamp: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the mean rate (3,) of the second before a stamp and its variance, None unless all that is known says
        that nothing moved."""
        since = [answer for answer in self._answers if answer[0] >= stamp - REST_NS - LONGEST_GAP_NS]
        first, last = since[0], since[-1]
        if last[0] - first[0] < REST_NS - 4 * LONGEST_GAP_NS:
            return None
        turned = rotation.angle(first[1].T @ last[1])
        if np.linalg.norm(last[2] - first[2]) > REST_WAY or turned > REST_TURN:
            return None
        with self._lock:
            rates = np.array([rate for at, rate in zip(self._stamps, self._rates) if stamp - REST_NS <= at <= stamp])
        if len(rates) < LEAST_AT_REST:
            return None
        mean, spread = rates.mean(axis=0), rates.std(axis=0)
        if (spread > REST_SPREAD).any() or (np.abs(mean) > MOST_BIAS).any():
            return None
        return mean, spread ** 2 / len(rates) + 1e-8

    def _at(self, stamp: int) -> rotation.Quaternion:
        """Return how far it has turned at a stamp, ns, since the track began."""
        k = bisect_right(self._stamps, stamp) - 1
        rate = self._rates[k]
        if k + 1 < len(self._stamps):
            part = (stamp - self._stamps[k]) / (self._stamps[k + 1] - self._stamps[k])
            rate = rate + part / 2 * (self._rates[k + 1] - rate)  # the mean up to the stamp
        since = (stamp - self._stamps[k]) * 1e-9
        return rotation.product(self._turned[k], rotation.quaternion_of_vector((rate - self.bias) * since))

    def _clear(self) -> None:
        self._stamps.clear()
        self._rates.clear()
        self._turned.clear()
