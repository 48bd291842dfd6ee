# SPDX-License-Identifier: Apache-2.0
"""Metric scale from wheels, floor and focal length, with outliers; and a path that a new scale does not make jump."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ttt3r_ros.reconstruction.floor import find_floor
from ttt3r_ros.reconstruction.scale import (
    FEWEST,
    WINDOW,
    DepthScale,
    FloorScale,
    FocalScale,
    ScaledPath,
    ScaleError,
    WheelScale,
)

TRUE = 1.37
SIZE = (48, 64)
FOCAL = 50.0


def motion(translation, turn=(0, 0, 0)):
    """Return a (4, 4) matrix."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = Rotation.from_rotvec(turn).as_matrix(), translation
    return matrix


def drive(estimator, rng, frames=400, noise=0.002, slip=0.0, length=0.06):
    """Feed increments of a winding drive; a part of the wheels' increments is slip."""
    for _ in range(frames):
        turn = (0, 0, rng.normal(0, 0.05))
        wheels = motion((length, 0, 0), turn)
        if rng.random() < slip:
            wheels[0, 3] *= rng.uniform(3, 30)
        estimator.add(motion(np.array([length / TRUE, 0, 0]) + rng.normal(0, noise, 3), turn), wheels)
    return estimator.estimate


def room(rng, height, pitch=0.5, roll=0.0, noise=0.01, outliers=0.0, table=None):
    """Return points (h, w, 3) of a floor `height` below a pitched camera and a wall, and up (3,), optical axes."""
    attitude = Rotation.from_euler('zx', (roll, -pitch))
    up = attitude.inv().apply([0, -1, 0])
    v, u = np.indices(SIZE)
    rays = np.stack(((u - SIZE[1] / 2) / FOCAL, (v - SIZE[0] / 2) / FOCAL, np.ones(SIZE)), -1)
    level = attitude.apply(rays.reshape(-1, 3)).reshape(rays.shape)  # y down
    with np.errstate(divide='ignore'):
        floor = np.where(level[..., 1] > 0, height / level[..., 1], np.inf)
    depth = np.minimum(floor, 4 * height / level[..., 2])
    if table is not None:
        on_table = (np.abs(level[..., 0] / level[..., 1]) < 0.44) & (level[..., 1] > 0)
        depth = np.where(on_table, np.minimum(depth, (height - table) / np.maximum(level[..., 1], 1e-9)), depth)
    points = rays * (depth * (1 + rng.normal(0, noise, SIZE)))[..., None]
    wild = rng.random(SIZE) < outliers
    points[wild] = rays[wild] * rng.uniform(0.2, 4 * height, wild.sum())[:, None]
    return points.astype(np.float32), up


def test_wheels_give_the_scale():
    """The truth lies within three standard deviations, which are a few percent, and the estimate is accepted."""
    found = drive(WheelScale(), np.random.default_rng(0))
    assert found.accepted and found.samples >= 50
    assert abs(found.scale - TRUE) < 3 * found.deviation < 0.1 * TRUE


def test_the_deviation_is_that_of_the_estimates():
    """Over many drives, without the bias that all share, the errors are as large as the deviation says."""
    ratios = []
    for seed in range(60):
        scale = WheelScale()
        scale.bias = 0.0
        found = drive(scale, np.random.default_rng(seed), 300, noise=0.01)
        ratios.append((found.scale - TRUE) / found.deviation)
    assert 0.6 < np.std(ratios) < 1.5


def test_slipping_wheels_do_not_decide():
    """Wheels that spin in one of fifty frames, thus in a tenth of the strides, leave the scale within 2 %."""
    assert drive(WheelScale(), np.random.default_rng(1), 800, slip=0.02).scale == pytest.approx(TRUE, rel=0.02)


@pytest.mark.parametrize('turn', [0.0, 0.2])
def test_at_rest_and_turning_on_the_spot_nothing_is_learnt(turn):
    """Wheels that do not get on give no sample, whatever the model's noise pretends."""
    scale, rng = WheelScale(), np.random.default_rng(2)
    for _ in range(1000):
        scale.add(motion(rng.normal(0, 0.01, 3), (0, 0, turn)), motion((0, 0, 0), (0, 0, turn)))
    found = scale.estimate
    assert found.samples == 0 and not found.accepted and np.isnan(found.scale)


def test_a_long_rest_does_not_spoil_the_next_stride():
    """Model's drift at rest is not counted as way when the robot drives on."""
    scale, rng = WheelScale(), np.random.default_rng(3)
    for _ in range(15):
        for _ in range(300):
            scale.add(motion((0.01, 0, 0)), np.eye(4))
        drive(scale, rng, 5)
    assert scale.estimate.samples == 15
    assert scale.estimate.scale == pytest.approx(TRUE, rel=0.03)


def test_a_model_that_does_not_move_is_no_measurement():
    """Ratios without bounds, and NaN, are left out."""
    scale = WheelScale()
    for _ in range(100):
        scale.add(np.eye(4), motion((0.3, 0, 0)))
    assert scale.estimate.samples == 0


def test_ratios_all_over_the_place_are_not_accepted():
    """What spreads over a factor of several measures nothing, however many samples there are."""
    scale, rng = FocalScale(), np.random.default_rng(4)
    scale.bias = 0.0
    for _ in range(WINDOW):
        scale.add(100 * np.exp(rng.normal()), 100)
    assert scale.estimate.samples == WINDOW and not scale.estimate.accepted


def test_ratios_that_spread_as_a_normal_distribution_are_told_by_its_deviation():
    """A quarter either way is a measurement, and its deviation that of a normal sample's median."""
    scale, rng = FocalScale(), np.random.default_rng(4)
    scale.bias = 0.0
    for _ in range(WINDOW):
        scale.add(100 * np.exp(rng.normal(0, 0.25)), 100)
    found = scale.estimate
    assert found.accepted
    assert found.deviation / found.scale == pytest.approx(1.2533 * 0.25 / np.sqrt(WINDOW), rel=0.3)


def test_a_depth_of_zero_is_none():
    """Depth cameras send 0 where they see nothing: half a frame of it leaves the scale as it is."""
    scale, model = DepthScale(), np.full(SIZE, 2.0)
    measured = TRUE * model
    measured[::2] = 0
    for _ in range(FEWEST):
        scale.add(measured, model, np.ones(SIZE))
    assert scale.estimate.scale == pytest.approx(TRUE) and scale.estimate.accepted


@pytest.mark.parametrize('pitch,roll', [(0.2, 0.0), (0.5, 0.3), (0.9, -0.2), (np.pi / 2, 0.0)])
def test_the_floor_gives_the_height(pitch, roll):
    """From slightly pitched to looking straight down, with noise and a fifth of wild points, within 2 %."""
    rng = np.random.default_rng(5)
    for height in (0.2, 1.5):
        points, up = room(rng, height, pitch, roll, outliers=0.2 if pitch > 0.4 else 0.05)
        assert find_floor(points, up, rng).height == pytest.approx(height, rel=0.02)


def test_a_table_is_no_floor():
    """Where more points lie on a table than on the floor around it, the floor counts still."""
    rng = np.random.default_rng(6)
    points, up = room(rng, 1.5, 1.0, table=0.7)
    heights = -(points @ up)
    assert (np.abs(heights - 0.8) < 0.05).sum() > 1.1 * (np.abs(heights - 1.5) < 0.05).sum()
    assert find_floor(points, up, rng).height == pytest.approx(1.5, rel=0.03)


def test_an_up_that_is_not_exact_will_do():
    """Eight degrees off, as of a camera that nods, the floor is found all the same."""
    rng = np.random.default_rng(7)
    points, up = room(rng, 1.2, 0.6)
    off = Rotation.from_rotvec(np.radians([6, 0, 5])).apply(up) * 7
    assert find_floor(points, off, rng).height == pytest.approx(1.2, rel=0.02)


def wall(rng):
    """Return a wall ahead."""
    return rng.uniform((-2, -1, 2.99), (2, 1, 3.01), (500, 3))


def sky(rng):
    """Return points above the camera."""
    return rng.uniform((-2, -3, 1), (2, -1, 4), (500, 3))


def bush(rng):
    """Return points of no plane."""
    return rng.uniform((-2, 0.1, 1), (2, 3, 5), (500, 3))


@pytest.mark.parametrize('scene', [wall, sky, bush, lambda rng: np.full((9, 3), np.nan),
                                   lambda rng: np.zeros((100, 3)), lambda rng: np.tile((0.0, 1, 2), (100, 1))],
                         ids=['wall', 'sky', 'bush', 'nan', 'zeros', 'one point'])
def test_without_a_floor_there_is_no_height(scene):
    """A wall, a ceiling, a bush and broken points give NaN, and the estimator learns nothing from them."""
    rng = np.random.default_rng(8)
    points = scene(rng)
    assert find_floor(points, np.array([0, -1.0, 0]), rng) is None
    scale = FloorScale(1.0)
    scale.add(points, np.array([0, -1.0, 0]))
    assert scale.estimate.samples == 0


def test_what_is_above_the_camera_says_nothing_about_the_floor():
    """A floor that is little of the picture, under a crowd of points at and above the camera's height, is found."""
    rng = np.random.default_rng(12)
    floor = rng.uniform((-2, 0.99, 1), (2, 1.01, 4), (300, 3))
    above = rng.uniform((-2, -0.9, 1), (2, -0.1, 4), (3000, 3))
    found = find_floor(np.concatenate((floor, above)), np.array([0, -1.0, 0]), rng)
    assert found.height == pytest.approx(1.0, rel=0.02)


def test_the_floor_gives_the_scale():
    """A model that takes 1.2 m for 1.2 / 1.37 is told so, also if one frame in ten shows a table only."""
    rng, scale = np.random.default_rng(9), FloorScale(1.2)
    for k in range(30):
        scale.add(*room(rng, (1.2 if k % 10 else 0.5) / TRUE))
    found = scale.estimate
    assert found.accepted and abs(found.scale - TRUE) < 2 * found.deviation < 0.1 * TRUE


def test_a_floor_that_the_model_tilts_is_not_certain():
    """A floor that rises away from the camera by 6° has its plane a quarter too near: the deviation says as much, the
    scale is not accepted, also after a restart; by 1° it is."""
    rng = np.random.default_rng(13)
    for tilt, accepted in ((1, True), (6, False)):
        scale, restored = FloorScale(0.6), FloorScale(0.6)
        for _ in range(30):
            points, up = room(rng, 0.6, 0.1)
            floor = -(points @ up) > 0.57
            pivot = points[floor].mean(0)
            turned = Rotation.from_rotvec([np.radians(tilt), 0, 0])
            points[floor] = turned.apply(points[floor] - pivot) + pivot
            scale.add(points, up)
        restored.restore(json.loads(json.dumps(scale.state())))
        for found in (scale.estimate, restored.estimate):
            assert abs(found.scale - 1) < 2 * found.deviation
            assert found.samples == 30 and found.accepted == accepted
    assert abs(scale.estimate.scale - 1) > 0.15


@pytest.mark.parametrize('height', [0, -1, np.nan, np.inf])
def test_an_impossible_height_is_refused(height):
    """A height that is not positive and finite is named."""
    with pytest.raises(ScaleError, match='camera_height'):
        FloorScale(height)


def test_the_focal_length_gives_the_scale():
    """True over assumed, whatever single frames say; unknown ones are left out."""
    rng, scale = np.random.default_rng(10), FocalScale()
    for k in range(60):
        scale.add(548, 400 * np.exp(rng.normal(0, 0.03)) if k % 7 else 3000)
        scale.add(548, np.nan)
    found = scale.estimate
    assert found.samples == 60 and found.accepted
    assert found.scale == pytest.approx(TRUE, rel=0.02) and found.deviation > 0.04


def test_few_samples_are_not_accepted():
    """An estimate is told from the first sample on, and accepted from FEWEST on."""
    scale = FocalScale()
    for k in range(FEWEST):
        assert scale.estimate.samples == k and not scale.estimate.accepted
        scale.add(500, 400)
    assert scale.estimate.accepted and scale.estimate.scale == pytest.approx(1.25)


def test_samples_that_repeat_one_another_count_little():
    """The same 20 ratios, each ten times running, are no surer than the 20, and independent ones are."""
    rng = np.random.default_rng(11)
    values = 400 * np.exp(rng.normal(0, 0.2, 20))

    def deviation(sequence):
        scale = FocalScale()
        scale.bias = 0.0
        for value in sequence:
            scale.add(500, value)
        return scale.estimate.deviation / scale.estimate.scale

    repeated, independent = deviation(np.repeat(values, 10)), deviation(400 * np.exp(rng.normal(0, 0.2, 200)))
    assert repeated > 0.6 * deviation(values) and repeated > 2 * independent


def test_a_frozen_scale_stays():
    """While frozen nothing changes; afterwards it follows what is new, and what is old is forgotten."""
    scale = FocalScale()
    for _ in range(50):
        scale.add(500, 400)
    before = scale.estimate
    scale.frozen = True
    for _ in range(300):
        scale.add(500, 250)
    assert scale.estimate == before
    scale.frozen = False
    for _ in range(WINDOW):
        scale.add(500, 250)
    assert scale.estimate.scale == pytest.approx(2) and scale.estimate.samples == WINDOW


def test_a_scale_goes_on_after_a_restart():
    """State through JSON gives the same estimate, frozen or not; what cannot be read changes nothing."""
    scale, other = FocalScale(), FocalScale()
    for k in range(20):
        scale.add(500 + k, 400)
    scale.frozen = True
    other.restore(json.loads(json.dumps(scale.state())))
    assert other.estimate == scale.estimate and other.frozen
    for spoilt in ({}, {'logarithms': ['x'], 'frozen': False}, {'logarithms': 3, 'frozen': False}):
        with pytest.raises(ScaleError):
            other.restore(spoilt)
    assert other.estimate == scale.estimate


def winding(frames=60):
    """Return poses of a winding path from the origin."""
    path = [np.eye(4)]
    for k in range(frames - 1):
        path.append(path[-1] @ motion((0.05, 0.01 * np.sin(k), 0.02), (0.05, 0, 0.1)))
    return path


def test_a_constant_scale_is_a_plain_product():
    """With one scale from the start all places are multiplied by it and attitudes stay."""
    path, scaled = winding(), ScaledPath()
    for pose in path:
        found = scaled.apply(pose, TRUE)
        np.testing.assert_allclose(found[:3, 3], TRUE * pose[:3, 3], atol=1e-12)
        np.testing.assert_array_equal(found[:3, :3], pose[:3, :3])


def test_a_change_of_scale_is_no_jump():
    """Each step is the given one times the scale of that moment, whatever the scale did; at rest nothing moves."""
    rng, path, scaled = np.random.default_rng(12), winding(), ScaledPath()
    scales = np.exp(rng.normal(0, 1, len(path)))
    found = [scaled.apply(pose, s) for pose, s in zip(path, scales)]
    for k in range(1, len(path)):
        np.testing.assert_allclose(found[k][:3, 3] - found[k - 1][:3, 3],
                                   scales[k] * (path[k][:3, 3] - path[k - 1][:3, 3]), atol=1e-12)
    np.testing.assert_allclose(scaled.apply(path[-1], 100.0), found[-1], atol=1e-12)


def test_the_scaled_path_can_be_taken_back():
    """The last scaled pose leads back to the given one, and a metre beside it to 1 / scale beside that."""
    path, scaled = winding(), ScaledPath()
    for pose, scale in zip(path, (1.0, 2.0, 1.5) * 20):
        found = scaled.apply(pose, scale)
    np.testing.assert_allclose(scaled.take_back(found), path[-1], atol=1e-12)
    beside = found.copy()
    beside[0, 3] += 1
    assert scaled.take_back(beside)[0, 3] - path[-1][0, 3] == pytest.approx(1 / 1.5)


def test_a_scaled_path_goes_on_after_a_restart():
    """State through JSON continues the path where it was; what cannot be read changes nothing."""
    path, scaled, other = winding(), ScaledPath(), ScaledPath()
    for pose in path[:30]:
        scaled.apply(pose, TRUE)
    other.restore(json.loads(json.dumps(scaled.state())))
    for spoilt in ({}, {'last': [[1, 2], [3], 1]}, {'last': 5}):
        with pytest.raises(ScaleError):
            other.restore(spoilt)
    np.testing.assert_array_equal(other.apply(path[30], 2.0), scaled.apply(path[30], 2.0))
    other.restore(json.loads(json.dumps(ScaledPath().state())))
    np.testing.assert_allclose(other.apply(path[30], 2.0)[:3, 3], 2 * path[30][:3, 3])


@pytest.mark.parametrize('scale', [0.0, -1.0, np.nan, np.inf])
def test_an_impossible_scale_is_refused(scale):
    """A scale that is not positive and finite is named and the path stays where it is."""
    scaled = ScaledPath()
    scaled.apply(winding()[5], 1.0)
    before = scaled.state()
    with pytest.raises(ScaleError):
        scaled.apply(winding()[6], scale)
    assert scaled.state() == before
