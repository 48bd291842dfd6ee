# SPDX-License-Identifier: Apache-2.0
"""Covariances against paths whose true errors are drawn from known noise, composed as rotations, not linearised."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ttt3r_ros.evaluation.calibration import fit, fit_step
from ttt3r_ros.reconstruction.uncertainty import (
    POSE_TERMS,
    STEP_TERMS,
    Coefficients,
    Observation,
    Uncertainty,
    UncertaintyError,
    nees,
    pose_error,
)

TRUE = Coefficients(
    position_noise=0.02, attitude_noise=0.01, position_per_metre=0.04, position_per_radian=0.03,
    attitude_per_metre=0.015, attitude_per_radian=0.02, scale=0.08, reset_position=0.1, reset_attitude=0.05,
    reset_scale=0.06, step_position_noise=0.01, step_length=0.1, step_direction=0.04, step_attitude_noise=0.005,
    step_turn=0.05, reference_confidence=4.0, confidence_exponent=1.0, step_confidence_exponent=1.0)
SECONDS = 0.1


def pose(rotation, place):
    """Return a (4, 4) matrix."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation.as_matrix(), place
    return matrix


def weight(confidence):
    """Return how many times TRUE's variances hold."""
    return (TRUE.reference_confidence - 1) / (confidence - 1)


def path(rng, frames=40, resets=1):
    """Return observations of a winding path and the true poses (n, 4, 4) that TRUE's noise puts beside them."""
    attitude, place = Rotation.from_euler('z', rng.uniform(-3, 3)), rng.normal(0, 5, 3)
    true_attitude, true_place, scale = attitude, place, TRUE.scale * rng.normal()
    breaks = set(rng.choice(np.arange(1, frames), resets, replace=False))
    seen, truth, segment = [], [], 0
    for k in range(frames):
        confidence = float(1 + 3 * np.exp(rng.normal(0, 0.7)))
        root = np.sqrt(weight(confidence))
        if k:
            # Of every length, so that what comes of the way and what comes of the turn can be told apart.
            turn = Rotation.from_rotvec([0, 0, rng.uniform(-0.4, 0.4)])
            way = attitude.apply([rng.uniform(0.11, 0.6), rng.normal(0, 0.02), rng.normal(0, 0.02)])
            distance, angle = np.linalg.norm(way), turn.magnitude()
            carried = (1 + scale) * (true_attitude * attitude.inv()).apply(way)
            true_place = true_place + carried + root * rng.normal(size=3) * np.hypot(
                TRUE.position_per_metre * np.sqrt(distance), TRUE.position_per_radian * np.sqrt(angle))
            wobble = root * rng.normal(size=3) * np.hypot(TRUE.attitude_per_metre * np.sqrt(distance),
                                                          TRUE.attitude_per_radian * np.sqrt(angle))
            true_attitude = Rotation.from_rotvec(wobble) * true_attitude * turn
            attitude, place = attitude * turn, place + way
        if k in breaks:
            segment += 1
            true_place = true_place + root * TRUE.reset_position * rng.normal(size=3)
            true_attitude = Rotation.from_rotvec(root * TRUE.reset_attitude * rng.normal(size=3)) * true_attitude
            scale += root * TRUE.reset_scale * rng.normal()
        noise = Rotation.from_rotvec(root * TRUE.attitude_noise * rng.normal(size=3))
        truth.append(pose(noise * true_attitude, true_place + root * TRUE.position_noise * rng.normal(size=3)))
        seen.append(Observation(pose(attitude, place), confidence, segment, SECONDS if k else None))
    return seen, truth


def step_errors(rng, seen):
    """Return errors (n, 6) of the twist as TRUE's noise makes them."""
    errors = [np.full(6, np.nan)]
    for before, after in zip(seen, seen[1:]):
        motion = np.linalg.inv(before.pose) @ after.pose
        v, turn = motion[:3, 3], Rotation.from_matrix(motion[:3, :3]).magnitude()
        across = rng.normal(size=3) * np.linalg.norm(v)
        across -= across @ v / (v @ v) * v
        linear = (TRUE.step_position_noise * rng.normal(size=3) + TRUE.step_length * rng.normal() * v
                  + TRUE.step_direction * across)
        angular = rng.normal(size=3) * np.hypot(TRUE.step_attitude_noise, TRUE.step_turn * turn)
        errors.append(np.sqrt(weight(after.confidence)) * np.concatenate((linear, angular)) / SECONDS)
    return np.array(errors)


@pytest.fixture(scope='module')
def paths():
    """Return observations and pose errors of many paths."""
    rng = np.random.default_rng(0)
    drawn = [path(rng) for _ in range(90)]
    return [seen for seen, _ in drawn], [np.array([pose_error(t, o.pose) for o, t in zip(seen, truth)])
                                         for seen, truth in drawn]


def followed(coefficients, seen):
    """Return the Covariances of each frame."""
    uncertainty = Uncertainty(coefficients)
    return [uncertainty.update(observation) for observation in seen]


def straight(frames, step=0.2, confidence=4.0, resets_at=()):
    """Return observations of a straight drive along x."""
    return [Observation(pose(Rotation.identity(), (k * step, 0, 0)), confidence, sum(k >= r for r in resets_at),
                        SECONDS if k else None) for k in range(frames)]


def test_the_pose_covariance_is_that_of_the_errors(paths):
    """With the true coefficients the normalised error squared averages 6, at a path's start as at its end."""
    values = np.array([nees(errors, np.array([c.pose for c in followed(TRUE, seen)]))
                       for seen, errors in zip(*paths)])
    assert values.mean() == pytest.approx(6, abs=0.4)
    for part in (values[:, :5], values[:, 18:22], values[:, -5:]):
        assert part.mean() == pytest.approx(6, abs=1.2)


def test_the_twist_covariance_is_that_of_the_errors(paths):
    """With the true coefficients the twist's normalised error squared averages 6."""
    rng = np.random.default_rng(1)
    values = [nees(step_errors(rng, seen)[1:], np.array([c.twist for c in followed(TRUE, seen)[1:]]))
              for seen in paths[0][:30]]
    assert np.mean(values) == pytest.approx(6, abs=0.4)


def deviations(coefficients, paths):
    """Return the standard deviations (paths, frames, 6) of poses."""
    return np.array([[np.sqrt(np.diag(c.pose)) for c in followed(coefficients, seen)] for seen in paths])


@pytest.mark.slow
def test_the_fit_finds_the_pose_coefficients(paths):
    """From a wrong start the fit predicts the true deviations all along the path, also of paths it has not seen."""
    seen, errors = paths
    found = fit(errors[:60], seen[:60])
    # What way and turns each add to the place is not told apart by 60 paths; what they add together is.
    ratio = (deviations(found, seen[60:]) / deviations(TRUE, seen[60:]))[:, 1:]
    assert np.abs(np.log(ratio).mean(axis=0)).max() < 0.1
    for name in ('attitude_noise', 'scale', 'reset_attitude', 'reset_scale'):
        assert getattr(found, name) == pytest.approx(getattr(TRUE, name), rel=0.25), name
    assert found.confidence_exponent == pytest.approx(1, abs=0.25)
    assert found.reference_confidence == pytest.approx(4, abs=0.3)
    values = [nees(e[1:], np.array([c.pose for c in followed(found, s)])[1:]) for s, e in zip(seen, errors)]
    assert np.mean(values[:60]) == pytest.approx(6, abs=0.01)
    assert np.mean(values[60:]) == pytest.approx(6, abs=0.8)


def test_the_fit_finds_the_twist_coefficients(paths):
    """From a wrong start each of the step's coefficients comes near the truth."""
    rng = np.random.default_rng(2)
    seen = paths[0][:50]
    start = Coefficients(reference_confidence=TRUE.reference_confidence)
    found = fit_step([step_errors(rng, path) for path in seen], seen, start)
    for name in (*STEP_TERMS, 'step_confidence_exponent'):
        assert getattr(found, name) == pytest.approx(getattr(TRUE, name), rel=0.2), name
    assert found.position_noise == start.position_noise


def test_a_few_lost_frames_do_not_decide(paths):
    """Gross errors in a twentieth of the frames make all of it larger alike, and the mean NEES stays 6."""
    rng = np.random.default_rng(4)
    seen, errors = paths[0][:30], [e.copy() for e in paths[1][:30]]
    for e in errors:
        e[rng.choice(np.arange(1, len(e)), 2, replace=False)] += rng.normal(0, 1, (2, 6))
    found = fit(errors, seen)
    covariances = [np.array([c.pose for c in followed(found, s)]) for s in seen]
    assert np.mean([nees(e[1:], c[1:]) for e, c in zip(errors, covariances)]) == pytest.approx(6, abs=0.05)
    larger = np.log(deviations(found, seen) / deviations(TRUE, seen))[:, 1:].mean(axis=0)
    assert larger.min() > np.log(2) and np.ptp(larger) < np.log(1.4)
    assert found.confidence_exponent == pytest.approx(1, abs=0.25)


def test_what_the_paths_do_not_show_is_not_fitted(paths):
    """Without a reset its coefficients stay, and rows of NaN are left out."""
    seen = [[replace(o, segment=0, confidence=4.0) for o in path] for path in paths[0][:5]]
    errors = [e.copy() for e in paths[1][:5]]
    errors[0][3] = np.nan
    start = Coefficients(reset_position=0.123, reset_attitude=0.234, reset_scale=0.345, confidence_exponent=0.7)
    found = fit(errors, seen, start)
    assert (found.reset_position, found.reset_attitude, found.reset_scale) == pytest.approx((0.123, 0.234, 0.345))
    assert found.confidence_exponent == 0.7
    assert found.position_noise != start.position_noise


@pytest.mark.parametrize('errors', [[], [np.zeros((3, 6))], [np.full((60, 6), np.nan)], [np.ones((59, 6))]],
                         ids=['none', 'few', 'nan', 'other length'])
def test_too_little_to_fit_is_refused(errors):
    """No paths, few frames, none with an error, or errors of other frames give the reason and no numbers."""
    with pytest.raises(UncertaintyError):
        fit(errors, [straight(60 if len(e) > 3 else 3) for e in errors])


def test_the_pose_error_is_what_turns_the_estimate_into_the_truth():
    """The rotation part, applied about the odometry frame's axes to the estimated attitude, gives the true one."""
    rng = np.random.default_rng(6)
    for _ in range(5):
        true, estimated = (pose(Rotation.random(None, rng), rng.normal(size=3)) for _ in range(2))
        error = pose_error(true, estimated)
        np.testing.assert_allclose(Rotation.from_rotvec(error[3:]).as_matrix() @ estimated[:3, :3], true[:3, :3],
                                   atol=1e-9)
        np.testing.assert_allclose(estimated[:3, 3] + error[:3], true[:3, 3])


def test_covariance_grows_with_way_and_turn_and_lack_of_confidence():
    """Every variance is larger further on; turning on the spot makes attitude worse; half the confidence is worse."""
    far = [np.diag(c.pose) for c in followed(TRUE, straight(50))]
    assert (np.diff(far[::10], axis=0) > 0).all()
    turning = [Observation(pose(Rotation.from_euler('z', 0.3 * k), np.zeros(3)), 4.0, 0, SECONDS) for k in range(20)]
    assert (np.diag(followed(TRUE, turning)[-1].pose) > np.diag(followed(TRUE, turning)[0].pose)).all()
    unsure = followed(TRUE, straight(50, confidence=2.5))[-1]
    assert (np.diag(unsure.pose) > far[-1]).all()
    assert (np.diag(unsure.twist) > np.diag(followed(TRUE, straight(50))[-1].twist)).all()


def test_a_reset_makes_it_jump_and_coming_home_forgives_the_scale():
    """The frame after a reset is less certain than without; the scale's part shrinks on the way back."""
    calm, broken = (followed(TRUE, straight(20, resets_at=r)) for r in ((), (10,)))
    np.testing.assert_array_equal(calm[9].pose, broken[9].pose)
    assert (np.diag(broken[10].pose) - np.diag(calm[10].pose) > 0.9 * np.repeat([0.1 ** 2, 0.05 ** 2], 3)).all()
    only_scale = replace(TRUE, **dict.fromkeys((n for n in POSE_TERMS if n != 'scale'), 1e-5))
    there = straight(20)
    along = [c.pose[0, 0] for c in followed(only_scale, there + there[::-1])]
    assert along[19] == pytest.approx((TRUE.scale * 3.8) ** 2, rel=1e-3)
    assert along[-1] < 0.01 * along[19]


def test_each_of_several_resets_between_two_frames_counts():
    """Somebody who calls ~/reset three times has the last image tied three times over."""
    still = [replace(seen, pose=np.eye(4)) for seen in straight(4, confidence=TRUE.reference_confidence)]
    once, thrice = (followed(TRUE, [replace(seen, segment=resets * (k > 1)) for k, seen in enumerate(still)])[-1].pose
                    for resets in (1, 3))
    np.testing.assert_allclose(np.diag(thrice - once)[:3], 2 * TRUE.reset_position ** 2)
    np.testing.assert_allclose(np.diag(thrice - once)[3:], 2 * TRUE.reset_attitude ** 2)


def test_a_trembling_camera_at_rest_goes_nowhere():
    """A thousand frames of a centimetre's jitter add less than one stride does."""
    rng = np.random.default_rng(7)
    uncertainty = Uncertainty(TRUE)
    for _ in range(1000):
        found = uncertainty.update(Observation(pose(Rotation.from_rotvec(rng.normal(0, 0.005, 3)),
                                                    rng.normal(0, 0.01, 3)), 4.0, 0, SECONDS))
    assert found.pose[0, 0] < followed(TRUE, straight(2))[-1].pose[0, 0]


def test_the_frame_rate_does_not_decide():
    """The same way in twenty times as many frames is as uncertain, within a stride."""
    slow, fast = followed(TRUE, straight(21, 0.5))[-1], followed(TRUE, straight(401, 0.025))[-1]
    np.testing.assert_allclose(np.diag(fast.pose), np.diag(slow.pose), rtol=0.1)


@pytest.mark.parametrize('confidence', [1.0, 1.0 + 1e-9, 4.0, 1e6])
def test_matrices_are_symmetric_and_positive_definite(confidence):
    """At any confidence, at rest, far out, after a hundred resets, both have a Cholesky factor."""
    covariances = followed(Coefficients(), straight(300, 3.0, confidence, resets_at=range(50, 150)))
    for found in (covariances[0], covariances[1], covariances[60], covariances[-1]):
        for matrix in (found.pose, found.twist):
            if matrix is not None:
                np.testing.assert_array_equal(matrix, matrix.T)
                assert np.isfinite(matrix).all()
                np.linalg.cholesky(matrix)


@pytest.mark.parametrize('elapsed', [None, 0.0, -0.1])
def test_without_a_time_the_twist_is_not_told(elapsed):
    """The first frame, and one with no usable time since the last, have a pose covariance only."""
    uncertainty = Uncertainty(TRUE)
    assert uncertainty.update(straight(2)[1]).twist is None
    assert uncertainty.update(replace(straight(2)[1], elapsed_s=elapsed)).twist is None


def test_it_goes_on_after_a_restart():
    """State through JSON, in another object, gives the same covariances as if nothing had been."""
    seen = straight(30, resets_at=(5, 20))
    whole = followed(TRUE, seen)
    first, second = Uncertainty(TRUE), Uncertainty(TRUE)
    for observation in seen[:15]:
        first.update(observation)
    second.restore(json.loads(json.dumps(first.state())))
    rest = [second.update(observation) for observation in seen[15:]]
    np.testing.assert_array_equal(rest[-1].pose, whole[-1].pose)
    np.testing.assert_array_equal(rest[0].twist, whole[15].twist)


def test_another_calibration_holds_from_the_next_frame_on():
    """What was added stays; twice the deviations make what is still to come four times as much."""
    seen = straight(30)
    uncertainty, twice = Uncertainty(TRUE), replace(TRUE, position_per_metre=2 * TRUE.position_per_metre)
    before = [uncertainty.update(observation) for observation in seen[:15]]
    uncertainty.recalibrate(twice)
    after = [uncertainty.update(observation) for observation in seen[15:]]
    usual, more = followed(TRUE, seen), followed(twice, seen)
    np.testing.assert_array_equal(before[-1].pose, usual[14].pose)
    grown, as_usual, as_more = (c[-1].pose[1, 1] - b.pose[1, 1] for c, b in (
        (after, before[-1]), (usual, usual[14]), (more, more[14])))
    assert as_usual * 1.5 < grown == pytest.approx(as_more, rel=1e-6)


def test_a_spoilt_state_changes_nothing():
    """What cannot be read is refused, and the covariance goes on from where it was."""
    uncertainty = Uncertainty(TRUE)
    uncertainty.update(straight(2)[0])
    before = json.dumps(uncertainty.state())
    for spoilt in ({}, {**uncertainty.state(), 'covariance': [1]}, {**uncertainty.state(), 'last': 'x'}):
        with pytest.raises(UncertaintyError):
            uncertainty.restore(spoilt)
    assert json.dumps(uncertainty.state()) == before


@pytest.mark.parametrize('wrong', [{'scale': 0}, {'position_noise': np.nan}, {'reference_confidence': 1.0},
                                   {'confidence_exponent': -1}, {'reset_scale': np.inf}])
def test_impossible_coefficients_are_refused(wrong):
    """A deviation of nothing, NaN or infinity is named."""
    with pytest.raises(UncertaintyError, match=next(iter(wrong))):
        Coefficients(**wrong)
