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
    """Which weights, on how many rooms and as many wide worlds of how many frames, the memory reset after so many and
    segments chained how, steps from where; every other one of either kind judges.

    Training's worlds have seeds from 1,000,000 on, `ttt3r evaluate`'s from 1,000: these lie between.
    """

    weights: str
    worlds: int
    frames: int
    reset_interval: int = 0
    alignment: str = 'sim3'
    step_source: str = 'model'
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
class Judged:
    """On worlds that coefficients were not fitted to: the mean of eᵀ Σ⁻¹ e, 6 if true, of pose and twist, and for the
    pose its median over the worlds' means, which a single lost world does not move."""

    pose_nees: float
    pose_nees_median: float
    twist_nees: float
    frames: int


@dataclass(frozen=True)
class Calibration:
    """The coefficients, one set for both kinds of worlds, and what each kind says of them."""

    coefficients: Coefficients
    rooms: Judged
    wide: Judged


def observe(trial: Trial, plan: Plan) -> Track:
    """Reconstruct one world and compare with its truth, in the frame of its first camera."""
    setting = Setting('ttt3r', plan.reset_interval, plan.alignment, step_source=plan.step_source)
    truth = np.linalg.inv(trial.truth.poses[0]) @ trial.truth.poses
    stamps = trial.truth.stamps
    seen, errors, rates = [], [], []
    for k, (frame, _) in enumerate(trial.frames(load_network(plan.weights, plan.device), setting)):
        seen.append(Observation(frame.pose, frame.confidence_median, frame.segment, 1 / RATE if k else None,
                                step_covariance=frame.step_covariance))
        errors.append(pose_error(truth[k], frame.pose))
        rates.append(np.full(6, np.nan) if k == 0 else
                     twist(truth[k - 1], stamps[k - 1], truth[k], stamps[k])
                     - twist(seen[k - 1].pose, stamps[k - 1], frame.pose, stamps[k]))
    return Track(seen, np.array(errors).reshape(-1, 6), np.array(rates).reshape(-1, 6))


def calibrate(rooms: list[Track], wide: list[Track]) -> Calibration:
    """Fit to every other path of either kind and judge by the rest. Raises UncertaintyError if there is too little.

    Familiar pictures and strange ones are told apart by the confidence: what is fitted to one kind alone is far too
    sure of the other.
    """
    fitted = rooms[::2] + wide[::2]
    features = [path.seen for path in fitted]
    coefficients = fit_step([path.twist_errors for path in fitted], features,
                            fit([path.pose_errors for path in fitted], features))
    return Calibration(coefficients, judge(rooms[1::2], coefficients), judge(wide[1::2], coefficients))


def judge(paths: list[Track], coefficients: Coefficients) -> Judged:
    """Return what paths say of coefficients."""
    poses, twists = [], []
    for path in paths:
        uncertainty = Uncertainty(coefficients)
        known = [uncertainty.update(seen) for seen in path.seen]
        poses.append(nees(path.pose_errors[1:], np.array([k.pose for k in known[1:]])))
        twists.append(nees(path.twist_errors[1:], np.array([k.twist for k in known[1:]])))
    return Judged(float(np.mean(np.concatenate(poses))), float(np.median([p.mean() for p in poses])),
                  float(np.mean(np.concatenate(twists))), sum(len(path.seen) for path in paths))


def carry_out(plan: Plan, progress: Callable[[int], None]) -> Calibration:
    """Film and reconstruct all worlds, a few at a time, and calibrate. Raises UncertaintyError."""
    found = worlds.each(partial(_world, plan), range(2 * plan.worlds), plan.jobs, progress)
    return calibrate(found[:plan.worlds], found[plan.worlds:])


def _world(plan: Plan, number: int) -> Track:
    wide, index = divmod(number, plan.worlds)
    return observe(Trial(plan.first_seed + index, plan.frames, wide=bool(wide)), plan)


def save(target: Path, plan: Plan, found: Calibration) -> None:
    """Write what the node reads, whole or not at all. Raises OSError."""
    part = target.with_name(f'.{target.name}.part')
    part.write_text(json.dumps({'plan': asdict(plan), **asdict(found)}, indent=1) + '\n')
    os.replace(part, target)
