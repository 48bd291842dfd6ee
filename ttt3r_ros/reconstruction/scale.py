# SPDX-License-Identifier: Apache-2.0
"""The true metre in the model's: estimated online from what else the robot knows, and applied without a jump.

Each estimator turns what it is given into ratios true / model and takes the median of the newest WINDOW. The standard
deviation of that median follows from the ratios' own spread, from how many of them are independent, from what is
wrong with all of them alike (`bias`), and from how far a second opinion, where there is one, is off in the median.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from ttt3r_ros.reconstruction.fields import FARTHEST, FieldError, Fields
from ttt3r_ros.reconstruction.floor import find_floor

WINDOW = 200  # ratios
FEWEST = 10
MOST_DEVIATION = 0.1  # relative; a scale less certain is no better than the model's own
MOST_SPREAD = 0.35  # of the single ratios' logarithms: wider, they do not measure one thing
LARGEST = 20.0  # ratios beyond this, either way, are failures of a sensor
MAD_TO_SIGMA = 1.4826  # of a normal distribution
MEDIAN_TO_MEAN = 1.2533  # standard deviation of a normal sample's median over its mean's

SCALES = 1e-9, 1e9  # beyond these a saved one is no scale

STRIDE = 0.25  # metres of the wheels: shorter steps are mostly noise
MOST_STEPS = 100  # increments that a stride may take: over longer, the model's drift would count as way

LEAST_SHARED = 0.02  # of the pixels: fewer with a measured depth say nothing about the frame


class ScaleError(ValueError):
    """A setting no scale can be estimated with, or a state that cannot be read; the message says why."""


@dataclass(frozen=True)
class ScaleEstimate:
    """True metres per metre of the model's, and its standard deviation, of as many samples.

    Both NaN without a sample. accepted: certain enough to be applied.
    """

    scale: float
    deviation: float
    samples: int
    accepted: bool


class ScaleEstimator:
    """What all estimators share; constant in size, not thread-safe. While frozen is True nothing changes."""

    bias = 0.0  # relative standard deviation of what no number of samples takes away

    def __init__(self) -> None:
        """Begin without a sample."""
        self.frozen = False
        self._logarithms: deque[float] = deque(maxlen=WINDOW)
        self._disagreements: deque[float] = deque(maxlen=WINDOW)  # second opinion over first, logarithms

    @property
    def estimate(self) -> ScaleEstimate:
        """What the samples so far say."""
        count = len(self._logarithms)
        if not count:
            return ScaleEstimate(np.nan, np.nan, 0, False)
        values = np.array(self._logarithms)
        middle = np.median(values)
        off = values - middle
        spread = MAD_TO_SIGMA * np.median(np.abs(off))
        own = MEDIAN_TO_MEAN * spread / np.sqrt(_independent(np.clip(off, -3 * spread, 3 * spread)))
        doubt = abs(np.median(self._disagreements)) if self._disagreements else 0.0
        deviation = float(np.sqrt(own ** 2 + self.bias ** 2 + doubt ** 2))
        scale = float(np.exp(middle))
        return ScaleEstimate(scale, scale * deviation, count,
                             bool(count >= FEWEST and deviation <= MOST_DEVIATION and spread <= MOST_SPREAD))

    def state(self) -> dict[str, Any]:
        """Return what is remembered, as JSON."""
        return {'logarithms': list(self._logarithms), 'disagreements': list(self._disagreements),
                'frozen': self.frozen}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned. Raises ScaleError if it cannot be read; then all is as it was."""
        try:
            logarithms, disagreements, frozen = self.read(Fields(state, 'estimator'))
        except FieldError as error:
            raise ScaleError(f'this is no state of a scale: {error}') from error
        self._logarithms, self.frozen = deque(logarithms, maxlen=WINDOW), frozen
        self._disagreements = deque(disagreements, maxlen=WINDOW)

    @staticmethod
    def read(fields: Fields) -> tuple[list[float], list[float], bool]:
        """Return logarithms, disagreements and frozen, as `state` told them. Raises FieldError."""
        most = np.log(LARGEST)
        disagreements = []
        if 'disagreements' in fields:  # older states have none
            disagreements = fields.numbers('disagreements', WINDOW, most)
        found = fields.numbers('logarithms', WINDOW, most), disagreements, fields.flag('frozen')
        fields.end()
        return found

    def _take(self, true: float, model: float) -> bool:
        """Take one pair of lengths, unless it is no measurement; say whether it is one."""
        if self.frozen or not (true > 0 and model > 0 and 1 / LARGEST < true / model < LARGEST):
            return False
        self._logarithms.append(float(np.log(true / model)))
        return True


class WheelScale(ScaleEstimator):
    """From wheel odometry: way by the wheels over way by the model."""

    bias = 0.01  # wheels wear and slip

    def __init__(self) -> None:
        """Begin at rest."""
        super().__init__()
        self._begin()

    def add(self, model: np.ndarray, wheels: np.ndarray, base: np.ndarray | None = None) -> None:
        """Take the camera's motion (4, 4) over the same time by the model and by the wheels, and the base's by these.

        base None: the camera's. Motions are joined until the base has gone STRIDE; at rest, or turning on the spot,
        nothing is learnt.
        """
        self._model, self._wheels = self._model @ model, self._wheels @ wheels
        self._base = self._base @ (wheels if base is None else base)
        self._steps += 1
        way = np.linalg.norm(self._base[:3, 3])
        if way >= STRIDE:
            self._take(np.linalg.norm(self._wheels[:3, 3]), np.linalg.norm(self._model[:3, 3]))
        if way >= STRIDE or self._steps >= MOST_STEPS:
            self._begin()

    def _begin(self) -> None:
        self._model, self._wheels, self._base, self._steps = np.eye(4), np.eye(4), np.eye(4), 0


class FloorScale(ScaleEstimator):
    """From the camera's known height above the floor it sees.

    Where the model's floor is tilted, its plane is not where the floor's middle says: that much it is in doubt.
    """

    bias = 0.02  # carpets, thresholds, a camera that nods

    def __init__(self, camera_height: float) -> None:
        """Take the height in metres. Raises ScaleError if it is not positive and finite."""
        if not 0 < camera_height < np.inf:
            raise ScaleError(f'camera_height {camera_height} m is not possible: take a positive number')
        super().__init__()
        self._height = camera_height
        self._rng = np.random.default_rng(0)

    def add(self, points: np.ndarray, up: np.ndarray) -> None:
        """Take a frame's points (..., 3) in the camera's frame, model's metres, and up (3,) there.

        A frame without a floor teaches nothing.
        """
        if self.frozen:
            return
        floor = find_floor(points, up, self._rng)
        if floor is not None and self._take(self._height, floor.height) and 1 / LARGEST < floor.tilted < LARGEST:
            self._disagreements.append(float(np.log(floor.tilted)))


class DepthScale(ScaleEstimator):
    """From a depth camera that sees what the camera sees."""

    bias = 0.02  # depth cameras are off by as much as that, all over

    def add(self, measured: np.ndarray, model: np.ndarray, confidence: np.ndarray) -> bool:
        """Take a frame's depth along z, true and the model's, and its confidence, all (h, w); NaN where there is none.

        The median ratio over the more confident half of the pixels that have both; return whether they are enough.
        """
        with np.errstate(invalid='ignore'):
            both = (measured > 0) & (model > 0) & np.isfinite(measured) & np.isfinite(model)
        if both.sum() < max(FEWEST, LEAST_SHARED * both.size):
            return False
        both &= confidence >= np.median(confidence[both])
        self._take(float(np.median(measured[both] / model[both])), 1.0)
        return True


class FocalScale(ScaleEstimator):
    """From the camera's true focal length and the one that the model's points imply.

    It holds as far as the model knows how large things are and infers from that how far they are: depth then goes
    with the focal length it assumes. Lengths across the view are right already, so this is the coarsest of the three.
    """

    bias = 0.05

    def add(self, true_focal: float, model_focal: float) -> None:
        """Take both in pixels of the same image; one that is unknown, NaN or not positive, teaches nothing."""
        self._take(true_focal, model_focal)


class ScaledPath:
    """Applies a scale that changes to a path: to the motion from now on, never to the way already gone.

    For the camera's own path, before its mount on the robot: that one is in true metres.
    """

    def __init__(self) -> None:
        """Begin where the path begins."""
        self._last: tuple[np.ndarray, np.ndarray, float] | None = None  # given and returned place, scale between

    def apply(self, pose: np.ndarray, scale: float) -> np.ndarray:
        """Return the scaled pose (4, 4) of the path's next one, pose (4, 4). Raises ScaleError unless scale > 0."""
        if not 0 < scale < np.inf:
            raise ScaleError(f'scale {scale} is not possible: take a positive number')
        given, place, _ = self._last or (np.zeros(3), np.zeros(3), scale)
        scaled = pose.copy()
        scaled[:3, 3] = place + scale * (pose[:3, 3] - given)
        self._last = pose[:3, 3].copy(), scaled[:3, 3].copy(), float(scale)
        return scaled

    def take_back(self, scaled: np.ndarray) -> np.ndarray:
        """Return the path's own pose (4, 4) for a scaled one, as near the last frame: the latest scale holds."""
        given, place, scale = self._last or (np.zeros(3), np.zeros(3), 1.0)
        pose = scaled.copy()
        pose[:3, 3] = given + (scaled[:3, 3] - place) / scale
        return pose

    def state(self) -> dict[str, Any]:
        """Return what is remembered, as JSON."""
        if self._last is None:
            return {'last': None}
        given, place, scale = self._last
        return {'last': [given.tolist(), place.tolist(), scale]}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned. Raises ScaleError if it cannot be read; then all is as it was."""
        try:
            fields = Fields(state, 'scaled')
            last = fields.none_or(fields.items, 'last', 3, 3)
            if last is not None:
                last = (*(last.array(place, (3,), FARTHEST) for place in '01'), last.number('2', *SCALES))
            fields.end()
        except FieldError as error:
            raise ScaleError(f'this is no state of a ScaledPath: {error}') from error
        self._last = last


def _independent(off: np.ndarray) -> float:
    """Return how many independent samples as many correlated ones are worth, from 1 on: n (1 − ρ) / (1 + ρ)."""
    square = off @ off
    correlation = max(float(off[1:] @ off[:-1] / square), 0.0) if square > 0 else 0.0
    return max(len(off) * (1 - correlation) / (1 + correlation), 1.0)
