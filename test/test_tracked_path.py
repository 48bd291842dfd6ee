# SPDX-License-Identifier: Apache-2.0
"""From the camera's path to odometry, and another odometry at the camera's moments: no ROS."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from ttt3r_ros.reconstruction.odometry import Odometry, OdometryError, World
from ttt3r_ros.reconstruction.twist import exponential, logarithm
from ttt3r_ros.reconstruction.wheels import LONGEST_GAP_NS, WheelTrack

SECOND = 1_000_000_000


def poses(count: int, seed: int = 0) -> np.ndarray:
    """Return a winding way (count, 4, 4)."""
    rng = np.random.default_rng(seed)
    found = [np.eye(4)]
    for _ in range(count - 1):
        step = np.eye(4)
        step[:3, :3] = Rotation.from_rotvec(rng.normal(0, 0.1, 3)).as_matrix()
        step[:3, 3] = rng.normal(0.1, 0.05, 3)
        found.append(found[-1] @ step)
    return np.array(found)


def through_json(state: dict) -> dict:
    """Return what a state file gives back."""
    return json.loads(json.dumps(state, allow_nan=False))


def test_a_world_has_a_way_back():
    """`own` undoes `camera`, at the scale in force, for the last frame's own pose and for places near it."""
    world = World()
    world.start = poses(2, 5)[1]
    for pose, scale in zip(poses(10), [1, 1, 1, 2, 2, 0.5, 0.5, 3, 3, 3], strict=True):
        placed = world.camera(world.advance(pose, scale))
    np.testing.assert_allclose(world.own(placed), pose, atol=1e-12)
    beside = placed.copy()
    beside[:3, 3] += world.start[:3, :3] @ [3.0, 0, 0]
    np.testing.assert_allclose(world.own(beside)[:3, 3] - pose[:3, 3], [1, 0, 0], atol=1e-12)


def test_a_correction_of_the_path_is_one_of_the_odometry_frame():
    """The corrected path in true metres is map ← odom times odometry, also where the scale has changed on the way."""
    world, correction = World(), poses(2, 3)[1]
    world.start = poses(2, 5)[1]
    for pose in poses(10):
        scaled = world.advance(pose, 2.0)
        corrected = correction @ pose
        corrected[:3, 3] *= 2.0
        np.testing.assert_allclose(world.map_from_odom(correction, pose, scaled, 2.0) @ world.camera(scaled),
                                   world.start @ corrected, atol=1e-12)
    for pose in poses(20)[10:]:
        scaled = world.advance(pose, 3.0)
        np.testing.assert_allclose(world.map_from_odom(np.eye(4), pose, scaled, 3.0), np.eye(4), atol=1e-12)
        moved = world.map_from_odom(correction, pose, scaled, 3.0) @ world.camera(scaled)
        np.testing.assert_allclose(np.linalg.inv(world.start) @ moved - scaled,
                                   np.vstack((np.hstack((correction[:3, :3] @ pose[:3, :3] - pose[:3, :3],
                                                         3.0 * (correction @ pose - pose)[:3, 3:])), np.zeros(4))),
                                   atol=1e-12)


def test_a_restart_in_between_changes_nothing():
    """World and Odometry restored from their states go on as the uninterrupted ones do, to the bit."""
    mount = poses(2, 9)[1]
    world, odometry = World(), Odometry()
    world.camera_frame, world.start = 'camera', poses(2, 5)[1]
    for i, pose in enumerate(poses(20)):
        camera = world.camera(world.advance(pose, 1 + 0.1 * i))
        expected = odometry.update(camera, mount, i * SECOND // 10, 1.5 + 0.1 * i, i // 7)
        if i < 10:
            continue
        if i == 10:
            state = through_json(world.state()), through_json(odometry.state())
            world_b, odometry_b = World(), Odometry()
            world_b.restore(state[0])
            odometry_b.restore(state[1])
            assert world_b.camera_frame == 'camera'
            continue
        found = odometry_b.update(world_b.camera(world_b.advance(pose, 1 + 0.1 * i)), mount, i * SECOND // 10,
                                  1.5 + 0.1 * i, i // 7)
        for name in ('camera', 'tracked', 'covariance', 'twist', 'twist_covariance'):
            assert np.array_equal(getattr(found, name), getattr(expected, name)), name


@pytest.mark.parametrize('state', [{}, {'camera_frame': 'c', 'start': [1, 2], 'scaled': {'last': None}},
                                   {'camera_frame': 'c', 'start': None, 'scaled': {'last': [1]}}, {'last': [0, 'x']}])
def test_a_state_that_is_none_changes_nothing(state):
    """What cannot be read is refused and the place stays."""
    world, odometry = World(), Odometry()
    world.start = np.eye(4)
    before = world.state(), odometry.state()
    with pytest.raises(OdometryError):
        world.restore(state)
    with pytest.raises(OdometryError):
        odometry.restore(state)
    assert (world.state(), odometry.state()) == before


def test_the_twist_is_the_base_s_not_the_camera_s():
    """A camera on an arm of a turning base moves; the base only turns."""
    mount = np.eye(4)
    mount[:3, 3] = 1, 0, 0
    odometry = Odometry()
    for i in range(3):
        base = np.eye(4)
        base[:3, :3] = Rotation.from_euler('z', 0.05 * i).as_matrix()
        found = odometry.update(base @ mount, mount, i * SECOND // 10, 2.0, 0)
    np.testing.assert_allclose(found.tracked, base, atol=1e-12)
    np.testing.assert_allclose(found.twist, [0, 0, 0, 0, 0, 0.5], atol=1e-9)


def test_a_camera_s_errors_are_felt_at_the_end_of_the_lever():
    """Covariances of the base are those of the camera's errors, drawn at random and carried to the base."""
    rng = np.random.default_rng(0)
    mount = np.eye(4)
    mount[:3, :3] = Rotation.from_euler('xyz', (0.3, -1.2, 0.8)).as_matrix()
    mount[:3, 3] = 1.5, -0.4, 0.7
    cameras = [np.eye(4), exponential(np.array([0.1, 0.02, 0.05, 0.1, -0.2, 0.3]))]
    own, base = Odometry(), Odometry()
    for i, camera in enumerate(cameras):
        of_camera = own.update(camera, np.eye(4), i * SECOND // 10, 2.0, 0)
        of_base = base.update(camera, mount, i * SECOND // 10, 2.0, 0)
    errors = rng.multivariate_normal(np.zeros(6), 1e-4 * of_camera.covariance, 40_000)
    there = np.linalg.inv(mount)
    places = [(shift + (Rotation.from_rotvec(turn) * Rotation.from_matrix(camera[:3, :3])).apply(there[:3, 3])
               + camera[:3, 3]) for shift, turn in zip(errors[:, :3], errors[:, 3:])]
    found = np.cov(np.concatenate((places, errors[:, 3:]), axis=1).T)
    np.testing.assert_allclose(found, 1e-4 * of_base.covariance, atol=0.03 * found.max())
    assert found[0, 0] > 1.2 * 1e-4 * of_camera.covariance[0, 0]
    twists = rng.multivariate_normal(np.zeros(6), 1e-6 * of_camera.twist_covariance, 40_000)
    carried = [logarithm(mount @ exponential(twist) @ there) for twist in twists[:4000]]
    np.testing.assert_allclose(np.cov(np.transpose(carried)), 1e-6 * of_base.twist_covariance,
                               atol=0.08 * 1e-6 * of_base.twist_covariance.max())


def test_a_path_that_begins_elsewhere_leaves_the_map_alone():
    """Whatever loops have corrected and somebody has set: odometry stays where it was in the map."""
    rng = np.random.default_rng(1)
    world = World()
    world.start, world.placed, correction, pose, scaled, start = (
        exponential(rng.normal(size=6)) for _ in range(6))
    before = world.map_from_odom(correction, pose, scaled, 1.3)
    world.move(start, correction, pose, scaled, 1.3)
    np.testing.assert_allclose(world.map_from_odom(correction, pose, scaled, 1.3), before, atol=1e-12)
    assert (world.start == start).all()


def test_between_two_poses_of_the_wheels():
    """Place linear, attitude along the shortest turn; nothing before the first, after the last, or across a gap."""
    way, track = poses(20, 3), WheelTrack()
    assert track.at(0) is None and not track.reaches(0)
    stamps = [i * SECOND // 50 for i in range(20)]
    for stamp, pose in zip(stamps, way, strict=True):
        track.add(stamp, pose)
    turns = Slerp(stamps, Rotation.from_matrix(way[:, :3, :3]))
    for stamp in (0, 7_000_000, 20_000_000, 333_333_333, stamps[-1]):
        found = track.at(stamp)
        np.testing.assert_allclose(found[:3, :3], turns(stamp).as_matrix(), atol=1e-9)
        np.testing.assert_allclose(found[:3, 3], [np.interp(stamp, stamps, way[:, k, 3]) for k in range(3)], atol=1e-9)
    assert track.at(-1) is None and track.at(stamps[-1] + 1) is None and not track.reaches(stamps[-1] + 1)
    assert track.add(stamps[-1], way[0]) == 0 and track.add(stamps[3], way[0]) == stamps[-1] - stamps[3]
    np.testing.assert_array_equal(track.at(stamps[-1]), way[-1])  # what repeats, or is late, changes nothing
    np.testing.assert_array_equal(track.at(stamps[3]), way[3])
    assert track.add(stamps[-1] + LONGEST_GAP_NS + 1, way[0]) == -1
    assert track.at(stamps[-1] + 5) is None
    assert track.add(0, way[0]) > LONGEST_GAP_NS  # a looped bag
    assert not track.reaches(1) and track.at(stamps[3]) is None
