# SPDX-License-Identifier: Apache-2.0
"""How far an estimated trajectory is from the truth, measured by evo."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from evo.core.geometry import GeometryException
from evo.core.metrics import APE, RPE, PoseRelation, StatisticsType, Unit
from evo.core.trajectory import PoseTrajectory3D

from ttt3r_ros.sequences import Trajectory


@dataclass(frozen=True)
class Accuracy:
    """Root mean squares over `poses` poses that have a truth with the same stamp.

    ate_*: metres between positions after that alignment. rpe_*: from each frame to the next; the translation in
    metres, never scaled: a path that has drifted has no scale worth aligning. rpe_translation_sim3: as published, after
    the Sim(3) all the same. scale: metres of truth per metre of the
    estimate. path_length: metres of truth. rotation, translation: the Sim(3) that was found is
    x ↦ scale · rotation · x + translation. rigid (4, 4): the SE(3).
    """

    poses: int
    ate_sim3: float
    ate_se3: float
    rpe_translation: float
    rpe_translation_sim3: float
    rpe_rotation_deg: float
    scale: float
    path_length: float
    rotation: np.ndarray
    translation: np.ndarray
    rigid: np.ndarray


def accuracy(estimate: Trajectory, truth: Trajectory) -> Accuracy | None:
    """Compare poses of equal stamps; None if fewer than three have one, or they lie so that no alignment exists."""
    common, mine, theirs = np.intersect1d(estimate.stamps, truth.stamps, return_indices=True)
    if len(common) < 3:
        return None
    seconds = (common - common[0]) * 1e-9
    reference = PoseTrajectory3D(poses_se3=list(truth.poses[theirs]), timestamps=seconds)
    rigid = PoseTrajectory3D(poses_se3=list(estimate.poses[mine]), timestamps=seconds)
    similar = deepcopy(rigid)
    try:
        turn, shift, _ = rigid.align(reference)
        rotation, translation, scale = similar.align(reference, correct_scale=True)
    except GeometryException:
        return None
    return Accuracy(
        poses=len(common),
        ate_sim3=_rmse(APE(PoseRelation.translation_part), reference, similar),
        ate_se3=_rmse(APE(PoseRelation.translation_part), reference, rigid),
        rpe_translation=_rmse(RPE(PoseRelation.translation_part, 1, Unit.frames), reference, rigid),
        rpe_translation_sim3=_rmse(RPE(PoseRelation.translation_part, 1, Unit.frames), reference, similar),
        rpe_rotation_deg=_rmse(RPE(PoseRelation.rotation_angle_deg, 1, Unit.frames), reference, rigid),
        scale=float(scale), path_length=float(reference.path_length), rotation=rotation, translation=translation,
        rigid=np.block([[turn, shift[:, None]], [np.zeros(3), 1.0]]))


def _rmse(metric: APE | RPE, reference: PoseTrajectory3D, estimate: PoseTrajectory3D) -> float:
    metric.process_data((reference, estimate))
    return float(metric.get_statistic(StatisticsType.rmse))
