# SPDX-License-Identifier: Apache-2.0
"""Every metric of the protocols against a second computation of it, by other means."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from evo.core.metrics import APE, RPE, PoseRelation, StatisticsType, Unit
from evo.core.trajectory import PosePath3D
from scipy.spatial.transform import Rotation

from ttt3r_ros.evaluation import controls, depth_metrics, pose_metrics, surface_metrics
from ttt3r_ros.evaluation.surfaces import onto

RNG = np.random.default_rng(0)


def walk(count: int = 40, seed: int = 0) -> np.ndarray:
    """Return poses (count, 4, 4) of a winding way."""
    rng = np.random.default_rng(seed)
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, :3] = Rotation.from_rotvec(np.cumsum(rng.normal(0, 0.1, (count, 3)), axis=0)).as_matrix()
    poses[:, :3, 3] = np.cumsum(rng.normal(0, 0.1, (count, 3)), axis=0)
    return poses


def shaken(poses: np.ndarray) -> np.ndarray:
    """Return the poses with noise, in another world and another unit."""
    rng = np.random.default_rng(9)
    noisy = poses.copy()
    noisy[:, :3, :3] = noisy[:, :3, :3] @ Rotation.from_rotvec(rng.normal(0, 0.02, (len(poses), 3))).as_matrix()
    noisy[:, :3, 3] = 0.4 * (noisy[:, :3, 3] + rng.normal(0, 0.03, (len(poses), 3)))
    world = np.eye(4)
    world[:3, :3], world[:3, 3] = Rotation.from_euler('xyz', (1, 2, 3)).as_matrix(), (5, -3, 2)
    return world @ noisy


def by_evo(estimate: np.ndarray, truth: np.ndarray, scaled: bool) -> tuple[float, float, float]:
    """Return ATE, and RPE in metres and degrees, with evo alone."""
    mine, theirs = (PosePath3D(poses_se3=list(poses.copy())) for poses in (estimate, truth))
    mine.align(theirs, correct_scale=scaled)
    found = []
    for metric in (APE(PoseRelation.translation_part), RPE(PoseRelation.translation_part, 1, Unit.frames),
                   RPE(PoseRelation.rotation_angle_deg, 1, Unit.frames)):
        metric.process_data((theirs, mine))
        found.append(metric.get_statistic(StatisticsType.rmse))
    return tuple(found)


@pytest.mark.parametrize('how', [pose_metrics.score, pose_metrics.score_of_any])
def test_poses_are_compared_as_evo_does(how):
    """ATE and RPE after either alignment are evo's, of a computation of our own too."""
    truth = walk()
    found = how(shaken(truth), truth)
    expected = by_evo(shaken(truth), truth, True) + by_evo(shaken(truth), truth, False)
    mine = (found.ate_sim3, found.rpe_sim3, found.rpe_rotation_deg, found.ate_se3, found.rpe_se3,
            found.rpe_rotation_deg)
    np.testing.assert_allclose(mine, expected, rtol=1e-9, atol=1e-9)


def test_poses_that_evo_refuses_have_no_score():
    """A pose that is not finite, two poses, and places on a line have none; a control on a line has one."""
    truth = walk()
    broken = truth.copy()
    broken[7] = -np.inf
    assert pose_metrics.score(truth, broken) is None and pose_metrics.score(broken, truth) is None
    assert pose_metrics.score(truth[:2], truth[:2]) is None
    line = controls.path(controls.STRAIGHT_ON, truth)
    assert pose_metrics.score(line, truth) is None and pose_metrics.score_of_any(line, truth).ate_se3 > 0


def test_controls_see_nothing():
    """Standing still misses the spread of the way and all of its steps; straight on is right on a straight way."""
    truth = walk()
    places = truth[:, :3, 3]
    still = pose_metrics.score_of_any(controls.path(controls.STANDS_STILL, truth), truth)
    spread = np.sqrt(places.var(axis=0).sum())
    steps = np.sqrt((np.linalg.norm(np.diff(places, axis=0), axis=1) ** 2).mean())
    assert still.ate_sim3 == pytest.approx(spread) and still.ate_se3 == pytest.approx(spread)
    assert still.rpe_se3 == pytest.approx(steps) and still.rpe_sim3 == pytest.approx(steps)
    straight = np.repeat(truth[:1], 10, axis=0)
    straight[:, :3, 3] += 0.2 * np.arange(10)[:, None] * truth[0, :3, 2]
    found = pose_metrics.score_of_any(controls.path(controls.STRAIGHT_ON, straight), straight)
    assert max(found.ate_sim3, found.ate_se3, found.rpe_se3, found.rpe_rotation_deg) < 1e-6
    assert controls.constant_depth(np.array([1.0, 2.0, 9.0])).tolist() == [2, 2, 2]
    assert controls.factor(np.array([1.0, 2.0, 4.0]), np.array([2.0, 4.0, 4.0])) == 2


def depths(count: int = 500) -> tuple[np.ndarray, np.ndarray]:
    true = RNG.uniform(0.5, 20, count)
    return (0.4 * true * RNG.uniform(0.7, 1.4, count) + 0.3).astype(np.float64), true


def test_depth_is_scored_by_its_formula():
    """AbsRel and δ are those of a loop over the pixels; clipping comes after the alignment."""
    predicted, true = depths()
    predicted[:3] = -1.0, 0.0, 90.0
    for clip in (None, 30.0):
        found = depth_metrics.score(predicted, true, 'metric', clip)
        cut = [min(p, clip) if clip else p for p in predicted]
        assert found.abs_rel == pytest.approx(sum(abs(p - g) / g for p, g in zip(cut, true)) / len(true), abs=1e-9)
        assert found.close == sum(p > 0 and max(p / g, g / p) < 1.25 for p, g in zip(cut, true)) / len(true)
    assert depth_metrics.score(np.zeros(0), np.zeros(0), 'scale') is None
    assert depth_metrics.score(np.array([1.0]), np.array([100.0]), 'scale', 70.0).abs_rel == pytest.approx(0.3)


def test_one_scale_is_that_of_reweighted_least_squares():
    """Ten rounds of weighted least squares, each solved by numpy; never below a thousandth."""
    predicted, true = depths()
    scale = true.mean() / predicted.mean()
    for _ in range(10):
        root = 1 / np.sqrt(np.abs(scale * predicted - true) + 1e-8)
        scale = np.linalg.lstsq((root * predicted)[:, None], root * true, rcond=None)[0][0]
    assert depth_metrics.best_scale(predicted, true) == pytest.approx(scale, abs=1e-9)
    assert depth_metrics.best_scale(np.full(4, 1e6), np.full(4, 1.0)) == 1e-3
    # Of all factors it is nearly the best: the median of the ratios, weighted by the predictions.
    cost = [np.abs(s * predicted - true).sum() for s in (scale, *np.sort(true / predicted))]
    assert cost[0] <= 1.001 * min(cost)


def test_scale_and_shift_are_those_of_adam():
    """PyTorch's Adam on the same sum, by its own gradients, comes to the same."""
    predicted, true = depths(200)
    values = torch.tensor([np.median(true) / np.median(predicted), 0.0], dtype=torch.float64, requires_grad=True)
    adam, p, g = torch.optim.Adam([values], lr=1e-4), torch.from_numpy(predicted), torch.from_numpy(true)
    for _ in range(1000):
        adam.zero_grad()
        (values[0] * p + values[1] - g).abs().sum().backward()
        adam.step()
    found = depth_metrics.best_scale_and_shift(predicted, true)
    assert found == pytest.approx(values.detach().tolist(), abs=1e-5)
    score = depth_metrics.score(predicted, true, 'scale_shift')
    assert score.abs_rel == pytest.approx(np.mean(np.abs(found[0] * predicted + found[1] - true) / true), abs=1e-9)


def surface(count: int = 300, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-1, 1, (2, count))
    return np.stack((x, y, 0.3 * np.sin(3 * x) + 0.2 * y ** 2 + 2), axis=-1)


def test_surfaces_are_scored_as_by_brute_force():
    """Distances, medians and normals are those of all pairs, and ICP's of a loop with another fit."""
    true = surface()
    turn = Rotation.from_rotvec((0.01, -0.02, 0.015)).as_matrix()
    predicted = surface(250, 2) @ turn.T + (0.02, -0.01, 0.015)
    found = surface_metrics.score(predicted, true)
    moved, before = predicted.copy(), (0.0, 0.0)
    for _ in range(30):
        apart = np.linalg.norm(moved[:, None] - true[None], axis=-1)
        pairs = [(i, apart[i].argmin()) for i in range(len(moved)) if apart[i].min() <= 0.1]
        a, b = moved[[i for i, _ in pairs]], true[[j for _, j in pairs]]
        fit, _ = Rotation.align_vectors(b - b.mean(axis=0), a - a.mean(axis=0))
        moved = fit.apply(moved - a.mean(axis=0)) + b.mean(axis=0)
        near = np.linalg.norm(moved[:, None] - true[None], axis=-1).min(axis=1)
        now = (near < 0.1).mean(), np.sqrt((near[near < 0.1] ** 2).mean())
        if np.abs(np.subtract(now, before)).max() < 1e-6:
            break
        before = now
    apart = np.linalg.norm(moved[:, None] - true[None], axis=-1)

    def normals(points):
        found = []
        for point in points:
            near = points[np.linalg.norm(points - point, axis=1).argsort()[:30]]
            found.append(np.linalg.svd(near - near.mean(axis=0))[2][2])
        return np.array(found)

    mine, theirs = normals(moved), normals(true)
    forth = np.abs((mine * theirs[apart.argmin(axis=1)]).sum(axis=1))
    back = np.abs((theirs * mine[apart.argmin(axis=0)]).sum(axis=1))
    expected = (apart.min(axis=1).mean(), np.median(apart.min(axis=1)), apart.min(axis=0).mean(),
                np.median(apart.min(axis=0)), (forth.mean() + back.mean()) / 2,
                (np.median(forth) + np.median(back)) / 2)
    np.testing.assert_allclose(list(vars(found).values())[:6], expected, atol=1e-5)
    assert found.accuracy < 0.06


def test_icp_brings_a_moved_cloud_back():
    """The same points, moved by less than they are apart, come to lie on themselves."""
    true = surface()
    turn = Rotation.from_rotvec((0.003, 0.002, -0.004)).as_matrix()
    assert np.abs(surface_metrics.icp(true @ turn.T + 0.002, true) - true).max() < 1e-6


def test_a_cloud_is_scaled_and_shifted_onto_the_true_one():
    """Whatever one factor and a shift along the axis did to it is undone; what does not count has no say."""
    theirs = surface()[:, None]
    mine = 0.3 * theirs + (0, 0, 5)
    valid = np.ones((len(theirs), 1), bool)
    valid[0], mine[0] = False, 1e3
    # A factor about the centre leaves x and y where they are by that factor.
    found = onto(mine, theirs, valid)[1:]
    assert np.allclose(found[..., 2], theirs[1:, :, 2]) and np.allclose(found[..., :2], theirs[1:, :, :2])
