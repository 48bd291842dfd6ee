# SPDX-License-Identifier: Apache-2.0
"""Odometry, where it begins, and its metres, over DDS."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from harness import CAMERA_FRAME, pose_matrix, scene, stamp_of
from mount import MOUNT, OPTICAL, mount_camera
from nav_msgs.msg import Odometry as OdometryMessage
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import Imu
from sensor_msgs_py import point_cloud2

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.cloud import CloudFilter
from ttt3r_ros.reconstruction.depth import back_project, depth_of
from ttt3r_ros.reconstruction.gravity import GravityError
from ttt3r_ros.reconstruction.odometry import Odometry
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.ros import scaling as scaling_module
from ttt3r_ros.ros.lasting import Lasting
from ttt3r_ros.ros.level import ImuLevel
from ttt3r_ros.ros.scaling import ScaleSettings, Scaling
from ttt3r_ros.ros.tracker import UP

SECOND = 1_000_000_000
STAMPS = [1_700_000_000_000_000_003 + i * 99_999_999 for i in range(6)]


def frames_of(count: int = len(STAMPS)) -> list:
    """Return what the library says about the first images that `show` sends."""
    reconstructor = Reconstructor(load_network('untrained').network, make_rule('ttt3r'))
    return [reconstructor.step(scene(stamp // 100_000_000)) for stamp in STAMPS[:count]]


def test_odometry_is_pose_and_twist_with_the_library_s_covariances(run):
    """Stamp and frames are the image's and the robot's; twist, and both covariances, are what the library computes."""
    node, robot = run(lossless=True, base_frame='base_link', map_frame='map')
    kept = mount_camera(robot.node)
    robot.spin(1.0)
    robot.show_and_wait(STAMPS)
    robot.wait_for('odometry', lambda: len(robot.heard['odometry']) == len(robot.heard['pose']) == len(STAMPS))
    odometry = Odometry()
    for pose, message, frame, stamp in zip(robot.heard['pose'], robot.heard['odometry'], frames_of(), STAMPS,
                                           strict=True):
        assert stamp_of(message) == stamp
        assert (message.header.frame_id, message.child_frame_id) == ('odom', 'base_link')
        assert message.pose.pose == pose.pose
        expected = odometry.update(MOUNT @ frame.pose, MOUNT, stamp, float(np.median(frame.confidence)), frame.segment)
        np.testing.assert_allclose(np.reshape(message.pose.covariance, (6, 6)), expected.covariance, rtol=1e-9)
        v, w = message.twist.twist.linear, message.twist.twist.angular
        covariance = np.reshape(message.twist.covariance, (6, 6))
        if expected.twist is None:
            assert stamp == STAMPS[0] and covariance.diagonal().min() >= 1e6
            continue
        np.testing.assert_allclose([v.x, v.y, v.z, w.x, w.y, w.z], expected.twist, atol=1e-9)
        np.testing.assert_allclose(covariance, expected.twist_covariance, rtol=1e-9)
    robot.wait_for('the map frame', lambda: ('map', 'odom') in {
        (t.header.frame_id, t.child_frame_id) for m in robot.heard['tf_static'] for t in m.transforms})
    del kept


def test_ten_resets_break_no_odometry_and_the_covariance_says_so(run):
    """At each reset the path goes on from where it was, by no more than a frame's own motion, ever less certain."""
    _, robot = run(lossless=True)
    stamps = [SECOND + i * SECOND // 10 for i in range(44)]
    image = scene(5)
    for i, stamp in enumerate(stamps):
        robot.show(stamp, image)
        robot.wait_for('an answer', lambda i=i: len(robot.heard['odometry']) > i)
        if i % 4 == 3 and i < 40:
            assert robot.reset().success
    robot.wait_for('status', lambda: len(robot.heard['status']) == len(stamps))
    segments = np.array([s.segment for s in robot.heard['status']])
    assert segments[-1] == 10
    poses = np.array([pose_matrix(m.pose.pose) for m in robot.heard['odometry']])
    steps = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1)
    across = np.diff(segments) > 0
    # The same image all the while: what moves is the network's answer from its first frame to the later ones.
    own = steps[:3].max()
    assert across.sum() == 10
    assert steps[across].max() <= 2 * own + 1e-6
    spread = np.array([m.pose.covariance[0] for m in robot.heard['odometry']])
    assert (np.diff(spread)[across] > 0).all()
    assert spread[-1] > 5 * spread[3]


def test_it_begins_where_it_is_told_to(run):
    """initial_pose is the base's first pose; the rest follows from it as from the origin."""
    _, robot = run(lossless=True, base_frame='base_link', initial_pose=[1.0, 2.0, 0.5, 0.0, 0.1, 1.5])
    kept = mount_camera(robot.node)
    robot.spin(1.0)
    robot.show_and_wait(STAMPS[:3])
    start = np.eye(4)
    start[:3, :3] = Rotation.from_euler('xyz', (0, 0.1, 1.5)).as_matrix()
    start[:3, 3] = 1, 2, 0.5
    robot.wait_for('poses', lambda: len(robot.heard['pose']) == 3)
    for message, frame in zip(robot.heard['pose'], frames_of(3), strict=True):
        expected = start @ MOUNT @ frame.pose @ np.linalg.inv(MOUNT)
        np.testing.assert_allclose(pose_matrix(message.pose), expected, atol=1e-9)
    del kept


def imu(stamp: int, acceleration: np.ndarray, frame_id: str) -> Imu:
    """Return a message of an accelerometer, m/s²."""
    message = Imu()
    message.header.frame_id = frame_id
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, SECOND)
    a = message.linear_acceleration
    a.x, a.y, a.z = (float(v) for v in acceleration)
    return message


def stand_still(sensor, until: int, acceleration: np.ndarray, frame_id: str = 'base_link') -> None:
    """Publish the accelerometer's second before a stamp, ns, at rest."""
    for i in range(100):
        sensor.publish(imu(until - SECOND + (i + 1) * SECOND // 100, acceleration, frame_id))


def test_a_base_does_not_jump_where_the_images_frame_has_another_name(run):
    """Another camera, or another name for it, half a metre behind: the base is where it was, not more certain, with
    no twist of it, and the log says so."""
    node, robot = run(lossless=True, base_frame='base_link')
    behind = MOUNT.copy()
    behind[0, 3] -= 0.5
    kept = mount_camera(robot.node), mount_camera(robot.node, behind, 'another')
    robot.spin(1.0)
    robot.show_and_wait(STAMPS[:3])
    for i, stamp in enumerate(STAMPS[3:5], 4):
        robot.show(stamp, frame_id='another')
        robot.wait_for('the answer', lambda i=i: len(robot.heard['odometry']) == i)
    before, after, later = (pose_matrix(message.pose.pose) for message in robot.heard['odometry'][2:])
    np.testing.assert_allclose(after, before, atol=1e-9)
    frames = frames_of(5)
    step = behind @ np.linalg.inv(frames[3].pose) @ frames[4].pose @ np.linalg.inv(behind)
    np.testing.assert_allclose(np.linalg.inv(after) @ later, step, atol=1e-9)
    covariances = [np.diag(np.reshape(m.pose.covariance, (6, 6))) for m in robot.heard['odometry'][2:]]
    assert (covariances[1] > covariances[0]).all() and (covariances[2] > covariances[0]).all()
    assert robot.heard['odometry'][3].twist.covariance[0] >= 1e6
    assert node.log().count(f"the images are in the frame 'another' now, no longer in '{CAMERA_FRAME}'") == 1
    del kept


def test_a_first_image_of_a_frame_without_a_mount_is_forgotten(run):
    """A driver that is mended on the way, or whose first message has no name, costs the poses until then alone."""
    node, robot = run(lossless=True, base_frame='base_link')
    kept = mount_camera(robot.node)
    robot.spin(1.0)
    robot.show(STAMPS[0], frame_id='wrong')
    robot.wait_for('the answer', lambda: len(robot.heard['status']) == 1)
    robot.show_and_wait(STAMPS[1:3])
    robot.wait_for('poses', lambda: len(robot.heard['pose']) == 2)
    assert 'base_link → wrong' in node.log()
    del kept


def test_an_imu_at_rest_levels_the_start(run):
    """Without a standing IMU there is no pose and the log says why; with it the base starts as tilted as it is."""
    node, robot = run(lossless=True, base_frame='base_link', level='imu')
    kept = mount_camera(robot.node)
    sensor = robot.publisher(Imu, 'imu')
    robot.spin(1.0)
    robot.show_and_wait(STAMPS[:1])
    robot.wait_for('the reason', lambda: 'is the IMU running' in node.log())
    tilt = Rotation.from_euler('xyz', (0.1, -0.2, 0.0))
    resting = tilt.inv().apply([0, 0, 9.81])
    stand_still(sensor, STAMPS[1], resting)
    robot.spin(0.5)
    robot.show_and_wait(STAMPS[1:4])
    robot.wait_for('poses', lambda: len(robot.heard['pose']) == 3)
    frames = frames_of(4)
    # The tilt is the base's at the second image; by the path it was this at the first.
    moved = MOUNT @ frames[1].pose @ np.linalg.inv(MOUNT)
    for message, frame in zip(robot.heard['pose'], frames[1:], strict=True):
        start = pose_matrix(message.pose) @ np.linalg.inv(MOUNT @ frame.pose @ np.linalg.inv(MOUNT))
        up = start[:3, :3] @ moved[:3, :3] @ tilt.inv().apply([0, 0, 1])
        np.testing.assert_allclose(up, [0, 0, 1], atol=1e-6)
        np.testing.assert_allclose(start[:3, 3], 0, atol=1e-9)
        assert abs(start[1, 0]) < 1e-9 < start[0, 0]  # and heads along x
    del kept


def test_samples_of_another_imu_are_not_mixed():
    """Where the frame changes, what was heard in the old one says nothing about up in the new one."""
    heard = []
    level = ImuLevel(SimpleNamespace(create_subscription=lambda kind, topic, receive, qos: heard.append(receive)))
    for k, frame, acceleration in [*((k, 'imu', (0, 0, 9.81)) for k in range(50)),
                                   *((k, 'other', (0, 9.81, 0)) for k in range(50, 80))]:
        heard[0](imu(SECOND + k * SECOND // 100, acceleration, frame))
    np.testing.assert_allclose(level.up(SECOND + 80 * SECOND // 100), [0, 1, 0], atol=1e-9)
    assert level.frame_id == 'other'


def test_a_slow_imu_levels_and_one_without_an_accelerometer_says_so():
    """Twenty samples of up to four seconds tell up; fewer, a clock of its own, none at all, and messages that say there
    is none are told as that."""
    heard = []
    level = ImuLevel(SimpleNamespace(create_subscription=lambda kind, topic, receive, qos: (
        heard.append(receive) or SimpleNamespace(topic_name='/imu'))))

    def hear(count: int, **more) -> None:
        for k in range(count):
            message = imu(SECOND + k * SECOND // 6, (0, 0, 9.81), 'imu')
            for name, value in more.items():
                getattr(message, name)[0] = value
            heard[0](message)

    hear(15)
    with pytest.raises(GravityError, match='15 samples on /imu are of the 4 s before the image, 20 tell'):
        level.up(4 * SECOND)
    hear(24)
    np.testing.assert_allclose(level.up(5 * SECOND), [0, 0, 1], atol=1e-9)
    with pytest.raises(GravityError, match="the stamps on /imu are 45.2 s behind the images'"):
        level.up(50 * SECOND)
    with pytest.raises(GravityError, match="the stamps on /imu are 14.8 s ahead of the images'"):
        level.up(-10 * SECOND)
    for _ in range(24):
        heard[0](imu(0, (0, 0, 9.81), 'imu'))
    with pytest.raises(GravityError, match='the stamps on /imu are 0: its driver does not stamp its messages'):
        level.up(50 * SECOND)
    hear(24, linear_acceleration_covariance=-1.0)
    with pytest.raises(GravityError, match='no accelerometer'):
        level.up(5 * SECOND)


def test_ros_1_s_leading_slash_is_taken_off_as_tf2_does(run):
    """Images and an IMU of an old driver or bag find their mounts, and what is published has names that tf2 takes."""
    _, robot = run(lossless=True, base_frame='base_link', level='imu')
    kept = mount_camera(robot.node)
    sensor = robot.publisher(Imu, 'imu')
    stand_still(sensor, STAMPS[0], np.array([0, 0, 9.81]), '/base_link')
    robot.spin(1.0)
    for stamp in STAMPS[:3]:
        robot.show(stamp, frame_id=f'/{CAMERA_FRAME}')
    robot.wait_for('clouds', lambda: len(robot.heard['points']) == 3)
    robot.wait_for('poses', lambda: len(robot.heard['pose']) == 3)
    assert {m.header.frame_id for m in robot.heard['points']} == {CAMERA_FRAME}
    poses, frames = [pose_matrix(m.pose) for m in robot.heard['pose']], frames_of(3)
    np.testing.assert_allclose(poses[0][2, :3], [0, 0, 1], atol=1e-9)
    for i in (1, 2):
        step = MOUNT @ np.linalg.inv(frames[0].pose) @ frames[i].pose @ np.linalg.inv(MOUNT)
        np.testing.assert_allclose(np.linalg.inv(poses[0]) @ poses[i], step, atol=1e-9)
    del kept


def test_another_scale_stretches_the_way_to_come_and_not_the_way_gone(run):
    """scale is in force from the next frame on, for clouds and steps alike, and the pose does not jump."""
    _, robot = run(lossless=True)
    robot.show_and_wait(STAMPS[:3])
    assert robot.set('scale', 2.5).successful
    robot.show_and_wait(STAMPS[3:])
    robot.wait_for('all', lambda: all(len(robot.heard[n]) == len(STAMPS) for n in ('pose', 'points')))
    frames = frames_of()
    place = np.array([pose_matrix(m.pose)[:3, 3] for m in robot.heard['pose']])
    model = np.array([(OPTICAL @ f.pose)[:3, 3] for f in frames])
    scales = np.array([1, 1, 2.5, 2.5, 2.5])[:, None]
    np.testing.assert_allclose(np.diff(place, axis=0), scales * np.diff(model, axis=0), atol=1e-9)
    for message, frame, scale in zip(robot.heard['points'], frames, (1, 1, 1, 2.5, 2.5, 2.5), strict=True):
        points = frame.points * np.float32(scale)
        if np.isfinite(frame.intrinsics).all():
            points = back_project(depth_of(points, frame.intrinsics), frame.intrinsics)
        shown = CloudFilter().apply(points, frame.image, frame.confidence, organised=True).points
        np.testing.assert_array_equal(point_cloud2.read_points_numpy(message, ['x', 'y', 'z']), shown.reshape(-1, 3))
    assert [s.metric_scale for s in robot.heard['status']] == [1, 1, 1, 2.5, 2.5, 2.5]
    assert robot.counters().metric_scale_source == 'fixed' and np.isnan(robot.counters().metric_scale_deviation)


def test_wheels_tell_the_metre(run):
    """Wheels that go 3 times the model's way make the scale 3, told with its deviation; another frame's are refused.
    Messages that come twice cost nothing and are told."""
    node, robot = run(lossless=True, base_frame='base_link', scale_source='wheels')
    kept = mount_camera(robot.node, OPTICAL)
    wheels = robot.publisher(OdometryMessage, 'wheel_odometry', 1000)
    robot.spin(1.0)
    stamps = [SECOND + i * SECOND // 10 for i in range(40)]
    reconstructor = Reconstructor(load_network('untrained').network, make_rule('ttt3r'))
    model = [OPTICAL @ reconstructor.step(scene(7 * i)).pose @ np.linalg.inv(OPTICAL) for i in range(len(stamps))]
    factor = 3.0
    for i, (stamp, pose) in enumerate(zip(stamps, model, strict=True)):
        message = OdometryMessage(child_frame_id='base_link')
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, SECOND)
        p, q = message.pose.pose.position, message.pose.pose.orientation
        p.x, p.y, p.z = (float(v) for v in factor * pose[:3, 3])
        q.x, q.y, q.z, q.w = (float(v) for v in Rotation.from_matrix(pose[:3, :3]).as_quat())
        wheels.publish(message)
        wheels.publish(message)
        robot.spin(0.01)
        robot.show(stamp, scene(7 * i))
        robot.wait_for('an answer', lambda i=i: len(robot.heard['status']) > i)
    status = robot.counters()
    assert status.metric_scale_source == 'wheels' and status.metric_scale_samples >= 10
    assert status.metric_scale_estimate == pytest.approx(factor, rel=1e-3)
    assert 0 < status.metric_scale_deviation < 0.1 and status.metric_scale == status.metric_scale_estimate
    assert 1 <= node.log().count('have a stamp that is not after that of the one before') <= 5  # one in 10 s
    robot.wait_for('the report', lambda: robot.diagnostic('inference').get('wheel odometry out of order') == '40')
    wrong = OdometryMessage(child_frame_id='another')
    wheels.publish(wrong)
    robot.wait_for('the refusal', lambda: "of 'another'" in node.log())
    del kept


def test_a_camera_ahead_of_a_turning_base_has_the_true_metre_at_once():
    """Way of the camera by the wheels over its way by the model: no scale that is still to be found enters."""
    heard = []
    node = SimpleNamespace(create_subscription=lambda kind, topic, receive, qos: heard.append(receive))
    scaling = Scaling(node, None, ScaleSettings(1.0, 'wheels', False, 0.0), 'base_link', 'wheel_odometry')
    mount = MOUNT.copy()
    mount[:3, 3] = 1.0, 0.0, 0.5
    base, step = np.eye(4), np.eye(4)
    step[:3, :3] = Rotation.from_euler('z', 0.045).as_matrix()
    step[0, 3] = 0.03
    for i in range(200):
        stamp, base = STAMPS[0] + i * SECOND // 10, base @ step
        message = OdometryMessage(child_frame_id='base_link')
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, SECOND)
        p, q = message.pose.pose.position, message.pose.pose.orientation
        p.x, p.y, p.z = map(float, base[:3, 3])
        q.x, q.y, q.z, q.w = map(float, Rotation.from_matrix(base[:3, :3]).as_quat())
        heard[0](message)
        model = np.linalg.inv(mount) @ base @ mount
        model[:3, 3] /= 2.0
        scaling.learn(stamp, SimpleNamespace(pose=model, unseen_motion=(0.0, 0.0)), mount, UP, None)
        assert scaling.estimate.samples == 0 or scaling.estimate.scale == pytest.approx(2.0, rel=1e-6)
    assert scaling.estimate.samples > 10 and scaling.factor == pytest.approx(2.0, rel=1e-6)


def test_images_that_wait_in_a_lossless_run_find_the_wheels_of_their_time():
    """A bag plays on while a slow network answers: a minute of wheels has come before its first images are asked."""
    heard, told = [], []
    node = SimpleNamespace(create_subscription=lambda kind, topic, receive, qos: (
        heard.append(receive) or SimpleNamespace(topic_name='/wheel_odometry')))
    log = SimpleNamespace(warning=lambda text, every: told.append(text))
    scaling = Scaling(node, log, ScaleSettings(1.0, 'wheels', False, 0.0), 'base_link', 'wheel_odometry', lossless=True)
    for i in range(6000):
        message = OdometryMessage(child_frame_id='base_link')
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(STAMPS[0] + i * SECOND // 100, SECOND)
        message.pose.pose.position.x = 0.01 * i
        heard[0](message)
    for i in range(50):
        model = np.eye(4)
        model[0, 3] = 0.05 * i
        frame = SimpleNamespace(pose=model, unseen_motion=(0.0, 0.0))
        scaling.learn(STAMPS[0] + i * SECOND // 10, frame, np.eye(4), UP, None)
    assert scaling.estimate.samples > 10 and scaling.factor == pytest.approx(2.0, rel=1e-6) and not told


def test_what_the_wheels_went_while_the_camera_saw_nothing_is_no_sample():
    """Every eighth image is lost, and the path goes on where it was: the scale is that of the steps that were seen."""
    heard, told = [], []
    node = SimpleNamespace(create_subscription=lambda kind, topic, receive, qos: (
        heard.append(receive) or SimpleNamespace(topic_name='/wheel_odometry')))
    log = SimpleNamespace(warning=lambda text, every: told.append(text))
    scaling = Scaling(node, log, ScaleSettings(1.0, 'wheels', False, 0.0), 'base_link', 'wheel_odometry')
    model, unseen = np.eye(4), (0.0, 0.0)
    for i in range(200):
        message = OdometryMessage(child_frame_id='base_link')
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(STAMPS[0] + i * SECOND // 10, SECOND)
        message.pose.pose.position.x = 0.1 * i
        heard[0](message)
        if i % 8 == 7:
            unseen = (0.1, 0.1)
            continue
        model = model.copy()
        model[0, 3] += 0.0 if any(unseen) else 0.05
        frame = SimpleNamespace(pose=model, unseen_motion=unseen)
        scaling.learn(STAMPS[0] + i * SECOND // 10, frame, np.eye(4), UP, None)
        unseen = (0.0, 0.0)
    assert scaling.estimate.samples > 20 and scaling.factor == pytest.approx(2.0, rel=1e-6) and not told


@pytest.mark.parametrize(('child', 'x', 'why'), [
    ('base_footprint', 0.0, "what comes on /wheel_odometry is of 'base_footprint', not of base_frame 'base_link'"),
    ('', 0.0, "what comes on /wheel_odometry is of '', not of base_frame 'base_link'"),
    ('base_link', float('nan'), 'no message on /wheel_odometry holds a pose, of 50 that came'),
    (None, 0.0, 'nothing has come on /wheel_odometry: is the base running')])
def test_why_wheels_tell_no_scale_is_what_is_wrong_with_them(monkeypatch, child, x, why):
    """Of messages that came and are not used it was said that nothing comes, or that there is no problem."""
    heard, told, clock = [], [], [0.0]
    monkeypatch.setattr(scaling_module, 'time', SimpleNamespace(monotonic=lambda: clock[0]))
    node = SimpleNamespace(create_subscription=lambda kind, topic, receive, qos: (
        heard.append(receive) or SimpleNamespace(topic_name='/wheel_odometry')))
    log = SimpleNamespace(warning=lambda text, every: told.append(text), error=lambda text, every: None)
    scaling = Scaling(node, log, ScaleSettings(1.0, 'wheels', False, 0.0), 'base_link', 'wheel_odometry')
    scaling._without = Lasting(lambda: clock[0])
    frame = SimpleNamespace(pose=np.eye(4), unseen_motion=(0.0, 0.0))
    for i in range(50):
        clock[0] = 0.1 * i
        if child is not None:
            message = OdometryMessage(child_frame_id=child)
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(STAMPS[0] + i * SECOND // 10, SECOND)
            message.pose.pose.position.x = x
            heard[0](message)
        scaling.learn(STAMPS[0] + i * SECOND // 10, frame, np.eye(4), UP, None)
    assert why in told[-1] and why in scaling.diagnosis()['wheel odometry']


@pytest.mark.parametrize(('before', 'now', 'factor'), [
    (('fixed', 1.0, 0.0), ('fixed', 2.0, 0.0), 2.0), (('wheels', 1.0, 0.0), ('fixed', 2.0, 0.0), 2.0),
    (('fixed', 1.0, 0.0), ('wheels', 2.0, 0.0), 2.0), (('floor', 1.5, 0.6), ('floor', 2.0, 0.9), 2.0),
    (('depth', 1.5, 0.0), ('wheels', 2.0, 0.0), 1.5), (('floor', 1.5, 0.6), ('floor', 2.0, 0.6), 1.5)])
def test_a_scale_that_is_given_is_not_taken_from_a_saved_state(before, now, factor):
    """Whoever writes another scale, or camera_height, into his parameters has it after a restart; one that was found
    goes on."""
    told = []
    node = SimpleNamespace(create_subscription=lambda *_: None)
    log = SimpleNamespace(info=told.append)
    saved, scaling = (Scaling(node, log, ScaleSettings(scale, source, False, height), 'base_link', 'wheel_odometry')
                      for source, scale, height in (before, now))
    if before[0] == 'floor':
        saved._estimator._logarithms.extend([float(np.log(1.5))] * 20)
    scaling.restore(saved.state())
    assert scaling.factor == factor and scaling.estimate.samples == (20 if before == ('floor', 1.5, now[2]) else 0)
    assert [text for text in told if 'the scale is 2, not' in text] == told and bool(told) == (factor == 2.0)


@pytest.mark.parametrize(('settings', 'reason'), [
    ({'scale_source': 'wheels'}, 'set base_frame'), ({'scale_source': 'floor'}, 'camera_height'),
    ({'initial_pose': [0.0, 1.0]}, 'x y z roll pitch yaw'), ({'map_frame': 'odom'}, 'map_frame'),
    ({'base_frame': '/base_link'}, "take 'base_link'"), ({'keyframes': 5, 'reset_policy': 'interval'}, 'set map_frame'),
    ({'keyframes': 5, 'map_frame': 'map'}, 'reset_policy to'),
    ({'cameras': ['front', 'rear']}, 'base_frame'), ({'cameras': ['front', 'front'], 'shared_state': True}, 'own name'),
    ({'shared_state': True}, 'several cameras'),
    ({'map_frame': 'base_link', 'base_frame': 'base_link'}, "map_frame and base_frame are both 'base_link'")])
def test_settings_that_do_not_go_together_are_refused_with_the_remedy(start_node, make_robot, settings, reason):
    """Configure fails, the log names the parameter and what to do, and the node stays to be asked again."""
    node, robot = start_node(**settings), make_robot()
    robot.wait_for('the reason', lambda: 'configure failed' in node.log() and reason in node.log())
    assert robot.state() == 'unconfigured'
