# SPDX-License-Identifier: Apache-2.0
"""Somebody says where the robot is: the map takes it, over DDS and in the library."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from geometry_msgs.msg import PoseWithCovarianceStamped, TransformStamped
from harness import CAMERA_FRAME, matrix_of, pose_matrix, scene, stamp_of
from rclpy.time import Time
from scipy.spatial.transform import Rotation
from std_msgs.msg import Header
from tf2_ros import Buffer
from ttt3r_ros.srv import SetPose

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.gravity import OPTICAL_TO_BODY
from ttt3r_ros.reconstruction.odometry import World
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.tracking import Bounds
from ttt3r_ros.reconstruction.uncertainty import Coefficients
from ttt3r_ros.ros.tracker import PoseRefused, Start, Tracker
from ttt3r_ros.ros.whereabouts import Whereabouts

STEP = 100_000_000
CAMERA = np.block([[OPTICAL_TO_BODY, np.zeros((3, 1))], [np.zeros((1, 3)), np.ones((1, 1))]])


def at(x: float, y: float, yaw: float) -> np.ndarray:
    """Return a pose (4, 4) on the floor."""
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler('z', yaw).as_matrix()
    pose[:2, 3] = x, y
    return pose


def message_of(pose: np.ndarray, frame_id: str = 'map', stamp: int = 0) -> PoseWithCovarianceStamped:
    """Return what RViz's button sends."""
    message = PoseWithCovarianceStamped()
    message.header.frame_id = frame_id
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 1_000_000_000)
    p, q = message.pose.pose.position, message.pose.pose.orientation
    p.x, p.y, p.z = map(float, pose[:3, 3])
    q.x, q.y, q.z, q.w = map(float, Rotation.from_matrix(pose[:3, :3]).as_quat())
    return message


def test_the_robot_is_put_somewhere_and_odometry_goes_on(run):
    """Service and topic move map → odom so that the robot is where they say; poses are as if nobody had said so.

    What cannot be meant is refused in words, and without a map frame all of it.
    """
    node, robot = run(lossless=True, map_frame='map')
    button = robot.publisher(PoseWithCovarianceStamped, 'initialpose')

    def odometry_in_map() -> np.ndarray:
        found = [t.transform for m in robot.heard['tf_static'] for t in m.transforms if t.child_frame_id == 'odom']
        return matrix_of(found[-1].translation, found[-1].rotation)

    def ask(message: PoseWithCovarianceStamped) -> SetPose.Response:
        return robot.call(SetPose, 'set_pose', SetPose.Request(pose=message))

    robot.wait_for('the map', lambda: robot.heard['tf_static'])
    assert (odometry_in_map() == np.eye(4)).all()
    early = ask(message_of(at(1, 2, 0)))
    assert not early.success and 'no pose yet' in early.message
    robot.show_and_wait([STEP, 2 * STEP, 3 * STEP])
    poses = [pose_matrix(m.pose) for m in robot.heard['pose']]
    wanted = at(3, -2, 1.2)
    assert ask(message_of(wanted)).success
    robot.wait_for('the map', lambda: not (odometry_in_map() == np.eye(4)).all())
    np.testing.assert_allclose(odometry_in_map() @ poses[2], wanted @ CAMERA, atol=1e-6)

    before, asked = odometry_in_map(), at(0.5, 0, -0.4)  # in the odometry frame, when the second image was taken
    button.publish(message_of(asked, 'odom', 2 * STEP))
    robot.wait_for('the map', lambda: not np.allclose(odometry_in_map(), before))
    np.testing.assert_allclose(odometry_in_map() @ poses[1], before @ asked @ CAMERA, atol=1e-6)

    set_last = odometry_in_map()
    wrong = message_of(at(1, 1, 0))
    wrong.pose.pose.orientation.w = 0.0
    for message, why in ((message_of(at(1, 1, 0), 'kitchen'), "'kitchen'"), (message_of(at(np.nan, 1, 0)), 'finite'),
                         (wrong, 'unit quaternion'), (message_of(at(1, 1, 0), stamp=STEP // 2), 'later one')):
        refused = ask(message)
        assert not refused.success and why in refused.message
    robot.show_and_wait([4 * STEP])
    assert (odometry_in_map() == set_last).all()
    library = Reconstructor(load_network('untrained').network, make_rule('ttt3r'))
    frames = [library.step(scene(i)) for i in (1, 2, 3, 4)]
    np.testing.assert_allclose([pose_matrix(m.pose) for m in robot.heard['pose']],
                               [CAMERA @ frame.pose for frame in frames], atol=1e-9)
    assert not any(t.child_frame_id == 'odom' for m in robot.heard['tf'] for t in m.transforms)

    assert robot.transition('deactivate') and robot.transition('cleanup')
    assert robot.set('map_frame', '').successful and robot.transition('configure') and robot.transition('activate')
    refused = ask(message_of(at(1, 1, 0)))
    assert not refused.success and 'set map_frame' in refused.message


@pytest.mark.parametrize('rate', [0.0, 20.0])
def test_a_map_that_loops_move_is_told_also_where_a_filter_tells_the_odometry(run, rate):
    """With keyframes and without publish_tf map → odom comes with each image, and a pose that is set moves it at once,
    no image needed."""
    _, robot = run(lossless=True, map_frame='map', keyframes=5, publish_tf=False, reset_policy='interval',
                   odometry__rate=rate)
    robot.show_and_wait([STEP, 2 * STEP])
    reply = robot.call(SetPose, 'set_pose', SetPose.Request(pose=message_of(at(3, -2, 1.2))))
    assert reply.success and reply.message.endswith(' now')
    robot.wait_for('the map', lambda: stamp_of(robot.heard['tf'][-1].transforms[-1]) > 2 * STEP)
    moved = robot.heard['tf'][-1].transforms[-1].transform
    np.testing.assert_allclose(matrix_of(moved.translation, moved.rotation) @ pose_matrix(robot.heard['pose'][1].pose),
                               at(3, -2, 1.2) @ CAMERA, atol=1e-6)
    robot.show_and_wait([3 * STEP])
    robot.wait_for('the map', lambda: any(stamp_of(t) >= 3 * STEP for m in robot.heard['tf'] for t in m.transforms))
    told = [t for m in robot.heard['tf'] for t in m.transforms]
    assert {(t.header.frame_id, t.child_frame_id) for t in told} == {('map', 'odom')}
    assert matrix_of(told[0].transform.translation, told[0].transform.rotation) == pytest.approx(np.eye(4))
    now = matrix_of(told[-1].transform.translation, told[-1].transform.rotation)
    np.testing.assert_allclose(now @ pose_matrix(robot.heard['pose'][1].pose), at(3, -2, 1.2) @ CAMERA, atol=1e-6)


@pytest.mark.parametrize('rate', [0.0, 20.0])
def test_tf_shows_at_once_where_a_map_that_loops_move_was_put(run, rate):
    """Also while no image comes: asked for the latest, TF has the robot where it was put, and where odometry had it."""
    _, robot = run(lossless=True, map_frame='map', keyframes=5, reset_policy='interval', odometry__rate=rate)
    robot.show_and_wait([STEP, 2 * STEP])
    latest = pose_matrix(robot.heard['pose'][1].pose)
    for x in (3, 4):
        assert robot.call(SetPose, 'set_pose', SetPose.Request(pose=message_of(at(x, -2, 1.2)))).success

        def found(target: str) -> np.ndarray:
            buffer = Buffer()
            for transform in (t for m in robot.heard['tf'] for t in m.transforms):
                buffer.set_transform(transform, 'test')
            transform = buffer.lookup_transform(target, CAMERA_FRAME, Time()).transform
            return matrix_of(transform.translation, transform.rotation)

        robot.wait_for('the map', lambda x=x: np.allclose(found('map'), at(x, -2, 1.2) @ CAMERA, atol=1e-6), 20)
        np.testing.assert_allclose(found('odom'), latest, atol=1e-9)


def test_tf_takes_the_newest_of_what_is_static():
    """A listener that has heard one fixed transform takes the next one of that child."""
    buffer = Buffer()
    for x in (1.0, 2.0):
        transform = TransformStamped(header=Header(frame_id='map'), child_frame_id='odom')
        transform.transform.translation.x = x
        buffer.set_transform_static(transform, 'test')
    assert buffer.lookup_transform('map', 'odom', Time()).transform.translation.x == 2.0


class Mountless:
    """A robot that is its camera."""

    def mount(self, camera_frame: str) -> np.ndarray:
        """Return the identity."""
        return np.eye(4)

    def tracked_frame(self, camera_frame: str) -> str:
        """Return the camera's own."""
        return camera_frame


def track(world: World, corrections: list[np.ndarray], base: Whereabouts | None = None):
    """Return a tracker that has followed an image for each correction, one a STEP, and what it last said; base: of a
    robot with other cameras."""
    scaling = SimpleNamespace(factor=2.0, learn=lambda *_: None, state=lambda: {'factor': 2.0}, restore=lambda _: None)
    log = SimpleNamespace(name='rear', info=lambda *_: None)
    tracker = Tracker(log, Mountless(), world, scaling, None, Start(
        (0.3, 0, 0, 0, 0, 0.7), base is not None, None, base or Whereabouts(Bounds())), 'odom', 'map', Coefficients())
    library = Reconstructor(load_network('untrained').network, make_rule('ttt3r'))

    def follow(i: int, correction: np.ndarray):
        header = Header(frame_id=CAMERA_FRAME)
        header.stamp.sec, header.stamp.nanosec = divmod((i + 1) * STEP, 1_000_000_000)
        return tracker.track(header, replace(library.step(scene(i)), correction=correction))[1]

    return tracker, follow, next(reversed([follow(i, correction) for i, correction in enumerate(corrections)]), None)


def test_a_pose_that_is_set_composes_with_closed_loops():
    """What loops correct after a pose was set, they correct in the map that it was set in; a state keeps it."""
    first, second = at(0.4, 0.1, 0.2), at(-0.3, 0.5, 0.4)
    tracker, follow, known = track(World(), [np.eye(4), first])
    wanted = at(5, 5, 2)
    tracker.set_pose(wanted, None, False)
    after = follow(2, first)
    np.testing.assert_allclose(after.map_from_odom @ known.tracked, wanted @ CAMERA, atol=1e-9)
    closed, alone = follow(3, second), track(World(), [np.eye(4), first, first, second])[2]
    moved = wanted @ CAMERA @ np.linalg.inv(known.map_from_odom @ known.tracked)
    np.testing.assert_allclose(closed.map_from_odom, moved @ alone.map_from_odom, atol=1e-9)
    np.testing.assert_allclose(closed.tracked, alone.tracked, atol=1e-12)

    other, follow_on, _ = track(World(), [np.eye(4)])
    assert other.restore(tracker.state(), CAMERA_FRAME) == 'in the odometry frame of the saved state'
    with pytest.raises(PoseRefused, match='no pose yet'):
        other.set_pose(wanted, None, False)
    np.testing.assert_allclose(follow_on(1, np.eye(4)).map_from_odom, moved, atol=1e-9)


def test_a_state_that_is_restored_beside_another_camera_stays_in_its_place_in_the_map():
    """The base is where the other camera has it, as no odometry jumps, and in the map where the saved state has it."""
    saved, _, before = track(World(), [np.eye(4)] * 2, Whereabouts(Bounds()))
    wanted = at(5, 5, 2)
    saved.set_pose(wanted, None, False)
    base = Whereabouts(Bounds())
    other = track(World(), [np.eye(4)] * 4, base)[2]
    resumed, follow, _ = track(World(), [], base)
    assert resumed.restore(saved.state(), CAMERA_FRAME) == 'where rear has the base'
    library = Reconstructor(load_network('untrained').network, make_rule('ttt3r'))
    frames = [library.step(scene(i)) for i in range(2)]
    header = Header(frame_id=CAMERA_FRAME)
    header.stamp.sec, header.stamp.nanosec = divmod(4 * STEP, 1_000_000_000)
    now = resumed.track(header, frames[1])[1]  # the image that was saved last
    np.testing.assert_allclose(now.tracked, other.tracked, atol=1e-9)
    assert not np.allclose(now.tracked, before.tracked, atol=0.01)
    np.testing.assert_allclose(now.map_from_odom @ now.tracked, wanted, atol=1e-6)


def test_a_stamp_between_two_images_means_the_place_between():
    """Half way between two stamps the robot was half way; later than the last image it is where it was last."""
    tracker, _, _ = track(World(), [np.eye(4)] * 3)
    places = [tracker._history.at(int(i * STEP)) for i in (2, 2.5, 3, 9)]
    np.testing.assert_allclose(places[1][:3, 3], (places[0][:3, 3] + places[2][:3, 3]) / 2, atol=1e-12)
    turn = Rotation.from_matrix(places[0][:3, :3].T @ places[2][:3, :3]).magnitude()
    assert Rotation.from_matrix(places[0][:3, :3].T @ places[1][:3, :3]).magnitude() == pytest.approx(turn / 2)
    assert (places[3] == places[2]).all()
    assert tracker._history.at(STEP // 2) is None
