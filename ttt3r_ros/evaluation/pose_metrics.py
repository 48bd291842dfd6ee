# SPDX-License-Identifier: Apache-2.0
"""Poses against true ones, frame by frame: absolute and relative errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ttt3r_ros.evaluation.accuracy import accuracy
from ttt3r_ros.reconstruction.trajectory import extent
from ttt3r_ros.sequences import Trajectory


@dataclass(frozen=True)
class PoseScore:
    """Root mean squares over `poses` poses: metres after Sim(3) and SE(3), and from each frame to the next, in metres
    after either and in degrees. path_length: metres of truth."""

    ate_sim3: float
    ate_se3: float
    rpe_sim3: float
    rpe_se3: float
    rpe_rotation_deg: float
    path_length: float
    poses: int


def score(estimate: np.ndarray, truth: np.ndarray) -> PoseScore | None:
    """Compare poses (n, 4, 4) of the same frames; None where evo finds no alignment, or poses are not finite."""
    if len(truth) < 3 or not (np.isfinite(truth).all() and np.isfinite(estimate).all()):
        return None
    stamps = np.arange(len(truth), dtype=np.int64)
    found = accuracy(Trajectory(stamps, estimate), Trajectory(stamps, truth))
    return found and PoseScore(found.ate_sim3, found.ate_se3, found.rpe_translation_sim3, found.rpe_translation,
                               found.rpe_rotation_deg, found.path_length, found.poses)


def score_of_any(estimate: np.ndarray, truth: np.ndarray) -> PoseScore:
    """Compare poses (n, 4, 4) that are finite, those on one line or in one place too, which evo does not align."""
    places, true = estimate[:, :3, 3], truth[:, :3, 3]
    turn, shift, scale = umeyama(places, true)
    rigid = places @ turn.T + true.mean(axis=0) - turn @ places.mean(axis=0)
    (step_sim3, angle), (step_se3, _) = _steps(estimate, truth, scale), _steps(estimate, truth, 1.0)
    return PoseScore(_rms(scale * places @ turn.T + shift - true), _rms(rigid - true), step_sim3, step_se3,
                     float(np.degrees(angle)), float(np.linalg.norm(np.diff(true, axis=0), axis=1).sum()), len(truth))


def umeyama(moving: np.ndarray, fixed: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return rotation, shift and scale that lay points (n, 3) on their partners with least squares; one of many
    rotations where the points lie on a line, and the scale 1 where they are one."""
    a, b = moving.mean(axis=0), fixed.mean(axis=0)
    u, spread, vt = np.linalg.svd((fixed - b).T @ (moving - a) / len(moving))
    sign = np.array((1, 1, np.sign(np.linalg.det(u) * np.linalg.det(vt))))
    turn, variance = (u * sign) @ vt, ((moving - a) ** 2).sum(axis=1).mean()
    scale = float((spread * sign).sum() / variance) if variance > 0 else 1.0
    return turn, b - scale * turn @ a, scale


def _steps(estimate: np.ndarray, truth: np.ndarray, scale: float) -> tuple[float, float]:
    """Return the RMS of what each motion of the estimate, scaled, misses of the true one: metres, radians."""
    missed = []
    for a, b, c, d in zip(truth, truth[1:], estimate, estimate[1:]):
        mine = np.linalg.inv(c) @ d
        mine[:3, 3] *= scale
        missed.append(extent(np.linalg.inv(np.linalg.inv(a) @ b) @ mine))
    return tuple(np.sqrt((np.array(missed) ** 2).mean(axis=0)).tolist())


def _rms(off: np.ndarray) -> float:
    return float(np.sqrt((off ** 2).sum(axis=1).mean()))
