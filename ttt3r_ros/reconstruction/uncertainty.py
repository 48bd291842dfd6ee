# SPDX-License-Identifier: Apache-2.0
"""How far the path may be wrong: covariances of pose and twist.

The error of a pose is seven numbers: place p and attitude θ in the odometry frame's axes, and the logarithm s of the
path's scale. Over a motion v (metres, odometry axes) it becomes p + θ × v + s·v, θ and s stay, and variances are
added: to p and θ per metre travelled and per radian turned, to all three at a reset. s starts with a variance of its
own: a monocular model's metres are a guess, and the error of place that follows from it grows with the way gone out
and shrinks on the way home. Each frame's own noise comes on top and is not carried on. What the model was less sure of
weighs more: variances are multiplied by ((reference − 1) / (c − 1)) ^ exponent, c the frame's median confidence.

The twist's error is that of one step over its time: noise, parts of the step's length, direction and turn, and what the
least squares that set it right by the images presume, or where they could not, what they presume of a told one.

What a lens that bends lines may have done to pose and step comes on top, and becomes less as more is known of it.

All other variances enter linearly, which is what evaluation/calibration.py fits them by. Motion is counted in strides:
the jitter of a standing camera is no way travelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ttt3r_ros.reconstruction import rotation
from ttt3r_ros.reconstruction.fields import MOST_SEGMENTS, MOST_VARIANCE, FieldError, Fields, require_covariance
from ttt3r_ros.reconstruction.trajectory import extent

STRIDE = 0.1  # metres
STRIDE_TURN = 0.1  # radians
LEAST_VARIANCE = 1e-10  # 1e-5 m or rad: keeps matrices invertible
MOST_WEIGHT = 100.0  # a confidence near 1 must not give infinity
POSE_TERMS = ('position_noise', 'attitude_noise', 'position_per_metre', 'position_per_radian', 'attitude_per_metre',
              'attitude_per_radian', 'scale', 'reset_position', 'reset_attitude', 'reset_scale')
STEP_TERMS = ('step_position_noise', 'step_length', 'step_direction', 'step_attitude_noise', 'step_turn',
              'step_presumed')
PLACE, ATTITUDE, SCALE = slice(0, 3), slice(3, 6), slice(6, 7)


class UncertaintyError(ValueError):
    """Coefficients that no covariance can have, or a state that cannot be read."""


@dataclass(frozen=True)
class Coefficients:
    """Standard deviations that evaluation/calibration.py finds; the defaults are guesses.

    Raises UncertaintyError if one is not positive and finite.

    position_noise m, attitude_noise rad: a frame's own. position_per_metre m/√m, position_per_radian m/√rad,
    attitude_per_metre rad/√m, attitude_per_radian rad/√rad: what grows. scale: relative, of the path's metres.
    reset_position m, reset_attitude rad, reset_scale: added by each reset. step_position_noise m, step_attitude_noise
    rad: of one frame after another. step_length, step_direction: parts of the step's length, along and across it.
    step_turn: part of its turn. step_presumed: of the deviations that least squares presume (Frame.step_covariance).
    reference_confidence: the median confidence for which they hold, above 1; confidence_exponent and
    step_confidence_exponent, 0 or more: how much a lower one weighs.
    """

    position_noise: float = 0.02
    attitude_noise: float = 0.01
    position_per_metre: float = 0.05
    position_per_radian: float = 0.02
    attitude_per_metre: float = 0.02
    attitude_per_radian: float = 0.02
    scale: float = 0.1
    reset_position: float = 0.05
    reset_attitude: float = 0.02
    reset_scale: float = 0.05
    step_position_noise: float = 0.01
    step_length: float = 0.1
    step_direction: float = 0.1
    step_attitude_noise: float = 0.005
    step_turn: float = 0.05
    step_presumed: float = 3.0
    reference_confidence: float = 3.0
    confidence_exponent: float = 1.0
    step_confidence_exponent: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what would give no covariance."""
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            least = {'reference_confidence': 1.0, 'confidence_exponent': -1e-12,
                     'step_confidence_exponent': -1e-12}.get(name, 0.0)
            if not least < value < np.inf:
                raise UncertaintyError(f'{name} {value} is not possible: take a finite number above {max(least, 0):g}')

    def inflated(self, factor: float) -> Coefficients:
        """Return them with every standard deviation times a factor."""
        return replace(self, **{name: getattr(self, name) * factor for name in POSE_TERMS + STEP_TERMS})

    def variances(self, terms: Sequence[str]) -> np.ndarray:
        """Return the squares (k,) of the named standard deviations."""
        return np.maximum([getattr(self, name) ** 2 for name in terms], LEAST_VARIANCE)


@dataclass(frozen=True)
class Observation:
    """What is known of a frame: pose (4, 4) of the tracked frame in the odometry frame, metres.

    confidence: the median, at least 1. segment: resets before it; another number than the last frame's tells of
    resets. elapsed_s: since the last frame, None where unknown. unseen_motion: standard deviations, metres and radians,
    of what the camera may have done unseen before this frame. step_covariance (6, 6) and lens_doubt (2, 2, 6): as in
    Frame, of these metres.
    """

    pose: np.ndarray
    confidence: float
    segment: int
    elapsed_s: float | None = None
    unseen_motion: tuple[float, float] = (0.0, 0.0)
    step_covariance: np.ndarray | None = None
    lens_doubt: np.ndarray | None = None


@dataclass(frozen=True)
class Covariances:
    """pose (6, 6): x y z rotX rotY rotZ, odometry frame; twist (6, 6): in the tracked frame, None if unknown."""

    pose: np.ndarray
    twist: np.ndarray | None


class Uncertainty:
    """Follows a path, constant in size; not thread-safe."""

    def __init__(self, coefficients: Coefficients = Coefficients()) -> None:
        """Take what was calibrated."""
        self._coefficients = coefficients
        self._growth = Growth(coefficients.variances(POSE_TERMS)[None])
        self._last: np.ndarray | None = None

    def recalibrate(self, coefficients: Coefficients) -> None:
        """Take another calibration for what is still to come."""
        self._coefficients = coefficients
        self._growth.mix = coefficients.variances(POSE_TERMS)[None]

    def update(self, seen: Observation) -> Covariances:
        """Take the next frame and return its covariances, symmetric and positive definite.

        There is no twist's covariance for the first frame, nor where elapsed_s is unknown or not above 0.
        """
        known = self._coefficients
        pose = self._growth.update(seen, weight_of(seen.confidence, known, known.confidence_exponent))[0]
        bent, step_bent = np.zeros((2, 2, 6)) if seen.lens_doubt is None else seen.lens_doubt
        bent = (bent.reshape(2, 2, 3) @ seen.pose[:3, :3].T).reshape(2, 6)
        pose += bent.T @ bent
        turning = None
        if self._last is not None and seen.elapsed_s is not None and seen.elapsed_s > 0:
            step = step_terms(self._last, seen, weight_of(seen.confidence, known, known.step_confidence_exponent))
            variance = np.tensordot(known.variances(STEP_TERMS), step, 1) + step_bent.T @ step_bent
            turning = variance / seen.elapsed_s ** 2
        self._last = seen.pose
        return Covariances(pose, turning)

    def state(self) -> dict[str, Any]:
        """Return what is remembered, as JSON."""
        return {'last': None if self._last is None else self._last.tolist(), **self._growth.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned. Raises UncertaintyError if it cannot be read; then all is as it was."""
        growth = Growth(self._coefficients.variances(POSE_TERMS)[None])
        try:
            fields = Fields(state, 'uncertainty')
            last = fields.none_or(fields.pose, 'last')
            growth.restore(fields)
            fields.end()
        except FieldError as error:
            raise UncertaintyError(f'this is no state of an Uncertainty: {error}') from error
        self._growth, self._last = growth, last


def pose_error(true: np.ndarray, estimated: np.ndarray) -> np.ndarray:
    """Return the error (6,) that the pose covariance is about, of two poses (4, 4) in the odometry frame.

    Place in metres, then the rotation vector that turns the estimated attitude into the true one, odometry axes.
    """
    turn = rotation.vector_of(true[:3, :3] @ estimated[:3, :3].T)
    return np.concatenate((true[:3, 3] - estimated[:3, 3], turn))


def nees(errors: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """Return eᵀ Σ⁻¹ e (...) for errors (..., 6) and covariances (..., 6, 6): 6 on average if they are right."""
    return (errors * np.linalg.solve(covariances, errors[..., None])[..., 0]).sum(-1)


class Growth:
    """The seven errors' covariance, for each row of `mix` (m, terms) that weighs POSE_TERMS' unit variances."""

    def __init__(self, mix: np.ndarray) -> None:
        self.mix = mix
        self._anchor: np.ndarray | None = None
        self._segment = 0
        self._covariance = np.zeros((len(mix), 7, 7))  # at the anchor

    def update(self, seen: Observation, weight: float) -> np.ndarray:
        """Return the pose's covariances (m, 6, 6) at the next frame."""
        if self._anchor is None:
            self._anchor, self._segment = seen.pose, seen.segment
            self._add(self._covariance, {'scale': (SCALE, 1.0)})
        distance, turn = extent(np.linalg.inv(self._anchor) @ seen.pose)
        v = seen.pose[:3, 3] - self._anchor[:3, 3]
        carry = np.eye(7)
        carry[PLACE, ATTITUDE] = [[0, v[2], -v[1]], [-v[2], 0, v[0]], [v[1], -v[0], 0]]
        carry[PLACE, 6] = v
        now = carry @ self._covariance @ carry.T
        self._add(now, {'position_per_metre': (PLACE, weight * distance), 'position_per_radian': (PLACE, weight * turn),
                        'attitude_per_metre': (ATTITUDE, weight * distance),
                        'attitude_per_radian': (ATTITUDE, weight * turn)})
        for part, deviation in zip((PLACE, ATTITUDE), seen.unseen_motion):
            now[:, np.arange(7)[part], np.arange(7)[part]] += deviation ** 2
        resets = abs(seen.segment - self._segment)
        if resets:
            self._add(now, {'reset_position': (PLACE, resets * weight), 'reset_attitude': (ATTITUDE, resets * weight),
                            'reset_scale': (SCALE, resets * weight)})
        if resets or distance > STRIDE or turn > STRIDE_TURN or any(seen.unseen_motion):
            self._anchor, self._segment, self._covariance = seen.pose, seen.segment, now.copy()
        self._add(now, {'position_noise': (PLACE, weight), 'attitude_noise': (ATTITUDE, weight)})
        pose = now[:, :6, :6]
        return (pose + pose.swapaxes(1, 2)) / 2

    def state(self) -> dict[str, Any]:
        return {'anchor': None if self._anchor is None else self._anchor.tolist(), 'segment': self._segment,
                'covariance': self._covariance.tolist()}

    def restore(self, fields: Fields) -> None:
        self._anchor = fields.none_or(fields.pose, 'anchor')
        self._segment = fields.whole('segment', 0, MOST_SEGMENTS)
        self._covariance = require_covariance(fields.array('covariance', (len(self.mix), 7, 7), MOST_VARIANCE),
                                              'covariance')

    def _add(self, covariance: np.ndarray, variances: dict[str, tuple[slice, float]]) -> None:
        for name, (part, variance) in variances.items():
            where = np.arange(part.start, part.stop)
            covariance[:, where, where] += (self.mix[:, POSE_TERMS.index(name)] * variance)[:, None]


def step_terms(before: np.ndarray, seen: Observation, weight: float) -> np.ndarray:
    """Return each of STEP_TERMS' covariances (terms, 6, 6) of a step from a pose (4, 4) for a unit variance."""
    motion = np.linalg.inv(before) @ seen.pose
    v, (distance, turn) = motion[:3, 3], extent(motion)
    along = np.outer(v, v)
    terms = np.zeros((len(STEP_TERMS), 6, 6))
    for i, block in enumerate((np.eye(3), along, distance ** 2 * np.eye(3) - along)):
        terms[i, PLACE, PLACE] = block
    for i, size in enumerate((1.0, turn ** 2), 3):
        terms[i, ATTITUDE, ATTITUDE] = size * np.eye(3)
    if seen.step_covariance is not None:
        terms[STEP_TERMS.index('step_presumed')] = seen.step_covariance
    return weight * terms


def weight_of(confidence: float, known: Coefficients, exponent: float) -> float:
    ratio = (known.reference_confidence - 1) / max(confidence - 1, 1e-6)
    return float(np.clip(ratio ** exponent, 1 / MOST_WEIGHT, MOST_WEIGHT))
