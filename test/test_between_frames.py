# SPDX-License-Identifier: Apache-2.0
"""Odometry between two answers: the gyroscope's turn and bias, and the last answer carried on."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ttt3r_ros.evaluation.between_frames import MOUNT, WAYS, measure
from ttt3r_ros.reconstruction.dead_reckoning import BLEND_NS, HORIZON_NS, DeadReckoning
from ttt3r_ros.reconstruction.gyroscope import LONGEST_GAP_NS, Gyroscope
from ttt3r_ros.reconstruction.odometry import Odometry
from ttt3r_ros.reconstruction.twist import exponential, logarithm
from ttt3r_ros.synthetic.gyroscope import Gyroscope as Sensor
from ttt3r_ros.synthetic.gyroscope import Motion
from ttt3r_ros.synthetic.walk import drive, walk

SECOND = 1_000_000_000
FRAME, TICK = SECOND // 10, SECOND // 100
AT = 5 * SECOND
ROOM = SimpleNamespace(size=np.array([6.2, 5.2, 2.7]), middle=np.array([0.6, 0.45]))  # all that a way asks of one
BIAS = np.array([0.02, -0.015, 0.01])


def spun(rates: np.ndarray, bias: np.ndarray = np.zeros(3)) -> Gyroscope:
    """Return a gyroscope that was told rates (n, 3) and its bias at 200 Hz, from AT on."""
    gyroscope = Gyroscope()
    for k, rate in enumerate(rates):
        gyroscope.add(AT + k * SECOND // 200, rate + bias)
    return gyroscope


def moving(twist: np.ndarray, count: int = 5) -> tuple[list, Odometry]:
    """Return the estimates of a robot with a twist (6,), a frame apart, and their odometry."""
    odometry, pose, told = Odometry(), np.eye(4), []
    for k in range(count):
        told.append((AT + k * FRAME, odometry.update(pose, np.eye(4), AT + k * FRAME, 3.0, 0)))
        pose = pose @ exponential(twist * 0.1)
    return told, odometry


def test_a_twist_leads_where_its_logarithm_came_from():
    """exponential is logarithm's inverse, for large motions and for hardly any."""
    rng = np.random.default_rng(3)
    for scale in (1e-7, 1e-3, 1.0):
        motion = scale * rng.normal(size=6)
        np.testing.assert_allclose(logarithm(exponential(motion)), motion, rtol=1e-7, atol=1e-15)


def test_the_turn_is_the_true_one_between_any_two_moments():
    """Samples of 200 Hz along a walk, without noise, give its turns to a hundredth of a degree, between samples too."""
    stamps = AT + np.arange(60, dtype=np.int64) * FRAME
    motion = Motion(stamps, walk(ROOM, 60, 5))
    times, rates, _ = Sensor(noise=0, bias=0, walk=0).film(motion, stamps[0], stamps[-1], MOUNT,
                                                           np.random.default_rng(0))
    gyroscope = Gyroscope()
    for stamp, rate in zip(times, rates, strict=True):
        gyroscope.add(int(stamp), rate)
    for start in range(int(times[200]), int(times[-1]) - FRAME, 234_567_891):
        true = motion.pose(start)[:3, :3].T @ motion.pose(start + FRAME)[:3, :3]
        told = MOUNT @ gyroscope.turn(start, start + FRAME) @ MOUNT.T
        assert np.degrees(Rotation.from_matrix(true.T @ told).magnitude()) < 0.01


def test_what_was_not_sampled_is_not_told():
    """There is no turn before the first sample, across a gap, far behind the last one, or of broken numbers."""
    gyroscope = spun(np.tile([0, 0, 1.0], (100, 1)))
    end = AT + 99 * SECOND // 200
    assert gyroscope.turn(AT - 1, end) is None
    assert gyroscope.turn(AT, end + LONGEST_GAP_NS + 1) is None
    held = Rotation.from_matrix(gyroscope.turn(end, end + LONGEST_GAP_NS)).as_rotvec()
    np.testing.assert_allclose(held, [0, 0, 0.05], atol=1e-9)
    gyroscope.add(end + 1, np.array([np.nan, 0, 0]))
    gyroscope.add(end, np.array([9.0, 0, 0]))  # a repetition
    np.testing.assert_allclose(Rotation.from_matrix(gyroscope.turn(AT, end)).as_rotvec(), [0, 0, 0.495], atol=1e-9)
    gyroscope.add(end + 2 * LONGEST_GAP_NS, np.zeros(3))
    assert gyroscope.turn(AT, end) is None
    assert Gyroscope().turn(AT, AT) is None


def test_the_bias_is_found_while_it_stands():
    """Within two seconds at rest it is known to a tenth of what it was, whatever the answers' own jitter."""
    rng = np.random.default_rng(1)
    gyroscope = spun(rng.normal(size=(600, 3)) * 0.005, BIAS)
    for k in range(1, 29):
        gyroscope.learn(AT + k * FRAME, Rotation.from_rotvec(rng.normal(size=3) * 0.003).as_matrix(),
                        rng.normal(size=3) * 0.003, 0.05)
    np.testing.assert_allclose(gyroscope.bias, BIAS, atol=0.002)
    assert (gyroscope.deviation < 0.002).all()


def test_the_bias_is_found_from_the_answers_and_a_turn_is_not_taken_for_one():
    """A robot that never stands tells its bias by the answers; a steady turn that they tell, too, is none."""
    rng, rate = np.random.default_rng(2), np.array([0.0, 0.0, 0.08])
    gyroscope, attitude = Gyroscope(), Rotation.identity()
    for k in range(1, 301):
        for i in range(20):
            gyroscope.add(AT + (k - 1) * FRAME + i * SECOND // 200, rate + BIAS + rng.normal(size=3) * 0.005)
        gyroscope.add(AT + k * FRAME, rate + BIAS)
        attitude = attitude * Rotation.from_rotvec(rate * 0.1)
        noisy = attitude * Rotation.from_rotvec(rng.normal(size=3) * 0.003)
        gyroscope.learn(AT + k * FRAME, noisy.as_matrix(), np.array([0.02 * k, 0, 0]), 0.045)
    np.testing.assert_allclose(gyroscope.bias, BIAS, atol=0.005)


def test_another_path_is_no_turn():
    """After a jump of the path's attitude the bias stays what it was."""
    gyroscope = spun(np.zeros((300, 3)))
    for k in range(1, 10):
        attitude = np.eye(3) if k < 5 else Rotation.from_rotvec([0, 0, 2.0]).as_matrix()
        if k == 5:
            gyroscope.forget_answers()
        gyroscope.learn(AT + k * FRAME, attitude, np.array([0.1 * k, 0, 0]), 0.02)
    np.testing.assert_allclose(gyroscope.bias, 0, atol=1e-6)


@pytest.mark.parametrize('way', [walk, drive])
def test_between_frames_the_heading_is_five_times_as_right_as_the_last_pose(way):
    """100 poses a second from 10 noisy answers and a cheap gyroscope: heading within 0.2 of holding the last pose; the
    twist alone halves it, and the way's error is what its covariance says."""
    count = 60
    truth = way(ROOM, 200, 4)[60:60 + count]
    stamps = AT + np.arange(count, dtype=np.int64) * FRAME
    rng, odometry = np.random.default_rng(4), Odometry()
    answers = []
    for stamp, pose in zip(stamps, truth, strict=True):
        noisy = pose @ exponential(rng.normal(size=6) * [0.005, 0.005, 0.005, 0.003, 0.003, 0.003])
        answers.append(odometry.update(noisy, np.eye(4), int(stamp), 3.0, 0))
    found = measure(stamps, truth, answers, 4)
    held, twist, gyroscope = (found[way] for way in WAYS)
    assert held.heading > 0.5  # degrees: it turns
    assert gyroscope.heading < 0.2 * held.heading and gyroscope.at_stamp < 0.2 * held.at_stamp
    assert twist.heading < 0.8 * held.heading
    assert 1 / 9 < gyroscope.expected < 9


def test_it_goes_on_along_the_last_twist_and_is_ever_less_certain():
    """On an arc the way between two answers is the arc; variances grow; nothing is told before, or long after."""
    twist = np.array([0.5, 0, 0, 0, 0, 0.8])
    told, _ = moving(twist)
    stamp, last = told[-1]
    reckoning = DeadReckoning()
    assert reckoning.at(stamp) is None
    reckoning.answered(stamp, last)
    np.testing.assert_allclose(reckoning.at(stamp).tracked, last.tracked, atol=1e-12)
    before = -1.0
    for k in range(0, 11):
        estimate = reckoning.at(stamp + k * TICK)
        np.testing.assert_allclose(estimate.tracked, last.tracked @ exponential(twist * k / 100), atol=1e-9)
        np.testing.assert_allclose(estimate.camera, estimate.tracked, atol=1e-9)
        values = np.linalg.eigvalsh(estimate.covariance)
        assert values.min() > 0 and np.trace(estimate.covariance) > before
        before = np.trace(estimate.covariance)
    assert reckoning.at(stamp - 1) is None and reckoning.at(stamp + HORIZON_NS + 1) is None
    reckoning.forget()
    assert reckoning.at(stamp) is None


def test_the_gyroscope_s_turn_is_taken_where_there_is_one():
    """The robot turns as the gyroscope says, not as the last twist did, and its rate is told; with none the twist's."""
    told, _ = moving(np.array([0.5, 0, 0, 0, 0, 0.8]))
    stamp, last = told[-1]
    gyroscope = spun(np.tile([0, 0, -0.5], (200, 1)))
    reckoning = DeadReckoning(gyroscope.turn)
    reckoning.answered(stamp, last)
    estimate = reckoning.at(stamp + 10 * TICK)
    turned = Rotation.from_matrix(last.tracked[:3, :3].T @ estimate.tracked[:3, :3]).as_rotvec()
    np.testing.assert_allclose(turned, [0, 0, -0.05], atol=1e-9)
    np.testing.assert_allclose(estimate.twist, [0.5, 0, 0, 0, 0, -0.5], atol=1e-9)
    without = DeadReckoning()
    without.answered(stamp, last)
    assert estimate.covariance[5, 5] < without.at(stamp + 10 * TICK).covariance[5, 5]
    late = reckoning.at(stamp + 80 * TICK)  # its samples have ended
    assert late.twist[5] == pytest.approx(0.8)


def test_an_answer_that_comes_before_the_next_prediction_is_blended_in_too():
    """Where the last one lies before the image that is answered, the way on from it does not jump either."""
    told, odometry = moving(np.array([0.5, 0, 0, 0, 0, 0.3]))
    stamp, last = told[-1]
    reckoning = DeadReckoning()
    reckoning.answered(stamp, last)
    shown = reckoning.publish(stamp + FRAME - TICK).tracked
    expected = reckoning.at(stamp + FRAME).tracked
    other = expected @ exponential(np.array([0.15, 0.05, 0, 0, 0, 0.1]))
    reckoning.answered(stamp + FRAME, odometry.update(other, np.eye(4), stamp + FRAME, 3.0, 0))
    after = reckoning.publish(stamp + FRAME + TICK).tracked
    jump = np.linalg.norm(logarithm(np.linalg.inv(after) @ reckoning.at(stamp + FRAME + TICK).tracked))
    step = np.linalg.norm(logarithm(np.linalg.inv(shown) @ after))
    assert jump > 0.15 and step < 0.05
    newest = stamp + FRAME + BLEND_NS
    np.testing.assert_allclose(reckoning.publish(newest).tracked, reckoning.at(newest).tracked, atol=1e-12)


def test_a_correction_is_blended_in_within_a_fifth_of_a_second():
    """What is published never jumps at an answer, and 0.2 s later it is what the answer says; a beginning is no
    correction."""
    told, odometry = moving(np.array([0.5, 0, 0, 0, 0, 0.3]))
    stamp, last = told[-1]
    reckoning = DeadReckoning()
    reckoning.answered(stamp, last)
    for k in range(1, 17):
        shown = reckoning.publish(stamp + k * TICK)
    other = last.tracked @ exponential(np.array([0.15, 0.05, 0, 0, 0, 0.1]))
    answer = odometry.update(other, np.eye(4), stamp + FRAME, 3.0, 0)
    reckoning.answered(stamp + FRAME, answer)
    newest, poses = stamp + 16 * TICK, [shown.tracked]
    while newest < stamp + 16 * TICK + BLEND_NS:
        newest += TICK
        poses.append(reckoning.publish(newest).tracked)
    steps = [np.linalg.norm(logarithm(np.linalg.inv(a) @ b)) for a, b in zip(poses, poses[1:])]
    jump = np.linalg.norm(logarithm(np.linalg.inv(shown.tracked) @ reckoning.at(stamp + 16 * TICK).tracked))
    assert max(steps) < 0.5 * jump
    np.testing.assert_allclose(poses[-1], reckoning.at(newest).tracked, atol=1e-12)
    begun = Odometry().update(np.eye(4), np.eye(4), stamp + 4 * FRAME, 3.0, 0)
    reckoning.answered(stamp + 4 * FRAME, begun)
    np.testing.assert_allclose(reckoning.publish(stamp + 4 * FRAME + TICK).tracked, np.eye(4), atol=1e-12)
