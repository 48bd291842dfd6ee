# SPDX-License-Identifier: Apache-2.0
"""The first pose in a level odometry frame: by accelerometer and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ttt3r_ros.reconstruction.gravity import (
    OPTICAL_TO_BODY,
    STANDARD_GRAVITY,
    GravityError,
    level,
    start_pose,
    up_at_rest,
)

BASE = np.eye(3)


def standstill(up, count=100, noise=0.05, seed=0):
    """Return accelerometer samples (count, 3) of a frame at rest with that up."""
    rng = np.random.default_rng(seed)
    return STANDARD_GRAVITY * np.asarray(up) / np.linalg.norm(up) + rng.normal(0, noise, (count, 3))


def tilts(count=20):
    """Return rotations (body to level) of any roll and pitch short of vertical, and no yaw."""
    rng = np.random.default_rng(3)
    return [Rotation.from_euler('ZYX', (0, rng.uniform(-1.5, 1.5), rng.uniform(-3, 3))) for _ in range(count)]


@pytest.mark.parametrize('to_body', [BASE, OPTICAL_TO_BODY], ids=['base', 'optical'])
def test_a_resting_imu_gives_back_roll_and_pitch(to_body):
    """The attitude found from noisy samples is the true one within the noise, and the heading is x."""
    for seed, tilt in enumerate(tilts()):
        true = tilt.as_matrix() @ to_body
        start = start_pose((0,) * 6, to_body, up_at_rest(standstill(true.T @ [0, 0, 1], seed=seed)))
        off = Rotation.from_matrix(start[:3, :3] @ true.T)
        # The error of the heading grows as the view nears the vertical.
        assert np.linalg.norm(off.as_rotvec()[:2]) < 0.005
        ahead = start[:3, :3] @ to_body.T @ [1, 0, 0]
        assert abs(ahead[1]) < 1e-12 and ahead[0] > 0
        np.testing.assert_allclose(start[:3, 3], 0)
        np.testing.assert_allclose(np.linalg.det(start[:3, :3]), 1)


def test_an_upright_camera_needs_no_levelling():
    """With up against the image's y the rotation is the plain change from optical axes to REP-103."""
    np.testing.assert_allclose(level(np.array([0, -2.0, 0]), OPTICAL_TO_BODY), OPTICAL_TO_BODY, atol=1e-12)


@pytest.mark.parametrize('down', [True, False])
def test_a_vertical_view_heads_where_a_steep_one_does(down):
    """Straight down, or up, the heading is the limit of that of a camera which is pitched there."""
    pitch = np.pi / 2 if down else -np.pi / 2
    steep = Rotation.from_euler('y', pitch * 0.95).as_matrix()
    vertical = Rotation.from_euler('y', pitch).as_matrix()
    found = [level(r.T @ [0, 0, 1], BASE) for r in (steep, vertical)]
    np.testing.assert_allclose(found[0], steep, atol=1e-9)
    np.testing.assert_allclose(found[1], vertical, atol=1e-9)


def test_single_glitches_do_not_tilt_it():
    """A twentieth of wild samples, and a NaN, change the answer by less than the noise does."""
    samples = standstill([0.2, 0.1, 1], 200)
    rng = np.random.default_rng(5)
    spoilt = samples.copy()
    spoilt[rng.choice(200, 10, replace=False)] = rng.normal(0, 80, (10, 3))
    spoilt[0] = np.nan
    assert np.arccos(min(up_at_rest(samples) @ up_at_rest(spoilt), 1)) < 0.002


def shaken():
    """Return samples of a hand."""
    return standstill([0, 0, 1], noise=0.8)


def tilted_meanwhile():
    """Return samples of a robot that is tipped over slowly."""
    angles = np.linspace(0, 0.1, 100)
    return STANDARD_GRAVITY * np.stack((np.sin(angles), 0 * angles, np.cos(angles)), 1)


def knocked():
    """Return samples of which a quarter are of a knock."""
    samples = standstill([0, 0, 1])
    samples[40:65] += 6
    return samples


@pytest.mark.parametrize('samples', [shaken(), tilted_meanwhile(), knocked()], ids=['shaken', 'tilted', 'knocked'])
def test_a_movement_is_refused(samples):
    """What is shaken, tipped or knocked during the measurement is told to stand."""
    with pytest.raises(GravityError, match='it moves'):
        up_at_rest(samples)


@pytest.mark.parametrize('size', [0.0, 1.0, 8.8, 10.9, 981.0])
def test_what_is_not_gravity_is_refused(size):
    """A sensor that takes gravity off, counts in g, or accelerates steadily does not say where up is."""
    with pytest.raises(GravityError, match='not gravity'):
        up_at_rest(standstill([0, 0, 1]) + [0, 0, size - STANDARD_GRAVITY])


@pytest.mark.parametrize('samples', [np.zeros((0, 3)), standstill([0, 0, 1], 5), np.full((50, 3), np.nan),
                                     np.zeros(30)], ids=['none', 'few', 'nan', 'flat'])
def test_too_little_is_refused(samples):
    """No samples, few, none finite or no triples give the reason and no attitude."""
    with pytest.raises(GravityError):
        up_at_rest(samples)


def test_idling_motors_are_no_movement():
    """Vibration of a fifth of a metre per second squared is rest."""
    assert up_at_rest(standstill([0, 0, 1], noise=0.2)) @ [0, 0, 1] > 0.999


@pytest.mark.parametrize('to_body', [BASE, OPTICAL_TO_BODY], ids=['base', 'optical'])
def test_an_initial_pose_is_taken_as_given(to_body):
    """Roll, pitch and yaw turn about the fixed x, y and z in this order, as in URDF."""
    roll, pitch, yaw = 0.3, -0.2, 2.0
    start = start_pose((1, 2, 3, roll, pitch, yaw), to_body)
    turn = (Rotation.from_rotvec([0, 0, yaw]) * Rotation.from_rotvec([0, pitch, 0])
            * Rotation.from_rotvec([roll, 0, 0])).as_matrix()
    np.testing.assert_allclose(start[:3, :3] @ to_body.T, turn, atol=1e-12)
    np.testing.assert_allclose(start[:, 3], (1, 2, 3, 1))


def test_an_initial_pose_that_is_not_finite_is_refused():
    """NaN from a launch file does not become the robot's place."""
    with pytest.raises(GravityError):
        start_pose((0, 0, 0, 0, np.nan, 0), BASE)


def test_gravity_decides_roll_and_pitch_and_the_given_pose_the_rest():
    """With up known, place and yaw are those given and the given roll and pitch are not used."""
    true = Rotation.from_euler('ZYX', (2.0, 0.2, -0.1)).as_matrix()
    start = start_pose((1, 2, 3, 0.5, 0.5, 2.0), BASE, true.T @ [0, 0, 1])
    np.testing.assert_allclose(start[:3, :3], true, atol=1e-12)
    np.testing.assert_allclose(start[:3, 3], (1, 2, 3))
    with pytest.raises(GravityError):
        start_pose((0,) * 6, BASE, np.zeros(3))
