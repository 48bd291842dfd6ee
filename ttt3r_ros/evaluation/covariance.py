# SPDX-License-Identifier: Apache-2.0
"""Are the covariances true? A network's errors on worlds whose truth is exact, fitted on some, judged on others."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ttt3r_ros.evaluation import worlds
from ttt3r_ros.evaluation.calibration import fit, fit_step
from ttt3r_ros.evaluation.trial import RATE, Setting, Trial
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.reconstruction.twist import twist
from ttt3r_ros.reconstruction.uncertainty import Coefficients, Observation, Uncertainty, nees, pose_error


@dataclass(frozen=True)
class Plan:
    """Which weights, on how many worlds of how many frames, the memory reset after so many and segments chained how;
    every other world judges.

    Training's worlds have seeds from 1,000,000 on, `ttt3r evaluate`'s from 1,000: these lie between.
    """

    weights: str
    worlds: int
    frames: int
    reset_interval: int = 0
    alignment: str = 'sim3'
    first_seed: int = 50_000
    device: str = 'cpu'
    jobs: int = 1


@dataclass(frozen=True)
class Track:
    """One world's frames: what was observed, and the errors (n, 6) of pose and of twist, NaN where there is none."""

    seen: list[Observation]
    pose_errors: np.ndarray
    twist_errors: np.ndarray


@dataclass(frozen=True)
class Calibration:
    """The coefficients, and on the worlds that they were not fitted to: the mean of eᵀ Σ⁻¹ e, 6 if true, of pose and
    twist, and for the pose its median over the worlds' means, which a single lost world does not move."""

    coefficients: Coefficients
    pose_nees: float
    pose_nees_median: float
    twist_nees: float
    frames: int


def observe(trial: Trial, plan: Plan) -> Track:
    """Reconstruct one world and compare with its truth, in the frame of its first camera."""
    setting = Setting('ttt3r', plan.reset_interval, plan.alignment)
    truth = np.linalg.inv(trial.truth.poses[0]) @ trial.truth.poses
    stamps = trial.truth.stamps
    seen, errors, rates = [], [], []
    for k, (frame, _) in enumerate(trial.frames(load_network(plan.weights, plan.device), setting)):
        seen.append(Observation(frame.pose, float(np.median(frame.confidence)), frame.segment, 1 / RATE if k else None))
        errors.append(pose_error(truth[k], frame.pose))
        rates.append(np.full(6, np.nan) if k == 0 else
                     twist(truth[k - 1], stamps[k - 1], truth[k], stamps[k])
                     - twist(seen[k - 1].pose, stamps[k - 1], frame.pose, stamps[k]))
    return Track(seen, np.array(errors).reshape(-1, 6), np.array(rates).reshape(-1, 6))


def calibrate(paths: list[Track]) -> Calibration:
    """Fit to every other path and judge by the rest. Raises UncertaintyError if there is too little."""
    fitted, judged = paths[::2], paths[1::2]
    features = [path.seen for path in fitted]
    coefficients = fit_step([path.twist_errors for path in fitted], features,
                            fit([path.pose_errors for path in fitted], features))
    return Calibration(coefficients, *judge(judged, coefficients), sum(len(path.seen) for path in judged))


def judge(paths: list[Track], coefficients: Coefficients) -> tuple[float, float, float]:
    """Return the mean NEES of poses, the median of its means over paths, and the mean NEES of twists."""
    poses, twists = [], []
    for path in paths:
        uncertainty = Uncertainty(coefficients)
        known = [uncertainty.update(seen) for seen in path.seen]
        poses.append(nees(path.pose_errors[1:], np.array([k.pose for k in known[1:]])))
        twists.append(nees(path.twist_errors[1:], np.array([k.twist for k in known[1:]])))
    return (float(np.mean(np.concatenate(poses))), float(np.median([p.mean() for p in poses])),
            float(np.mean(np.concatenate(twists))))


def carry_out(plan: Plan, progress: Callable[[int], None]) -> Calibration:
    """Film and reconstruct all worlds, a few at a time, and calibrate. Raises UncertaintyError."""
    seeds = range(plan.first_seed, plan.first_seed + plan.worlds)
    return calibrate(worlds.each(partial(_world, plan), seeds, plan.jobs, progress))


def _world(plan: Plan, seed: int) -> Track:
    return observe(Trial(seed, plan.frames), plan)


def save(target: Path, plan: Plan, found: Calibration) -> None:
    """Write what the node reads, whole or not at all. Raises OSError."""
    part = target.with_name(f'.{target.name}.part')
    part.write_text(json.dumps({'plan': asdict(plan), **asdict(found)}, indent=1) + '\n')
    os.replace(part, target)
