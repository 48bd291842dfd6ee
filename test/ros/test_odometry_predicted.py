# SPDX-License-Identifier: Apache-2.0
"""Odometry between frames over DDS: a live camera, an IMU, and who listens to TF."""

from __future__ import annotations

import time

import numpy as np
import pytest
from harness import CAMERA_FRAME, image_message, matrix_of, pose_matrix, scene, stamp_of
from mount import MOUNT, mount_camera
from nav_msgs.msg import Odometry
from rclpy.serialization import serialize_message
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import Imu

from ttt3r_ros.ros.imu_turns import read_rate

SECOND = 1_000_000_000
RATE = np.array([0.1, -0.2, 0.4])  # rad/s, about the base's own axes
OFFSET_S = 0.25  # by which the IMU's clock is behind
BETWEEN, SAMPLES = 0.3, 30  # seconds and the IMU's samples from one to the next


def edge(robot) -> list[tuple[int, np.ndarray]]:
    """Return stamps and poses of odom → base_link in the order in which they came."""
    transforms = [t for message in robot.heard['tf'] for t in message.transforms if t.child_frame_id == 'base_link']
    return [(stamp_of(t), matrix_of(t.transform.translation, t.transform.rotation)) for t in transforms]


def play(robot, sensor) -> int:
    """Publish images of now, and an IMU in the camera's frame that turns steadily, on its own clock, without a gap,
    until enough has been answered and predicted; return the last sample's stamp on the images' clock, ns."""
    about_camera = MOUNT[:3, :3].T @ RATE
    sample, image = int(BETWEEN / SAMPLES * SECOND), int(BETWEEN * SECOND)
    due = shown = begin = time.time_ns()
    while len(robot.heard['status']) < 4 or len(robot.heard['predicted']) < 20:
        assert time.time_ns() < begin + 60 * SECOND
        while due <= time.time_ns():
            message = Imu()
            message.header.frame_id = CAMERA_FRAME
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(due - int(OFFSET_S * SECOND), SECOND)
            w = message.angular_velocity
            w.x, w.y, w.z = (float(v) for v in about_camera)
            sensor.publish(message)
            due += sample
        if time.time_ns() >= shown:
            now = time.time_ns()
            robot.camera.publish(image_message(now, scene((now - begin) // image)))
            shown = now + image
        robot.spin(BETWEEN / SAMPLES)
    return due - sample


@pytest.mark.parametrize('delay', [0.0, 0.5])
def test_between_images_tf_and_a_topic_go_on_and_at_an_image_s_stamp_tf_is_its_pose(run, delay):
    """Pose, odometry and status stay one for each image; TF at its stamp is the pose; with a delay TF's stamps
    increase, without one those of what it predicts do; the base turns as the gyroscope says."""
    node, robot = run(base_frame='base_link', odometry__rate=50.0, odometry__image_delay=delay,
                      imu_time_offset=OFFSET_S)
    kept = mount_camera(robot.node)
    robot.listen('/ttt3r/odometry_predicted', 'predicted', Odometry)
    sensor = robot.publisher(Imu, 'imu', 1000)
    robot.wait_for('the topic', lambda: robot.heard_by('predicted'))
    sampled = play(robot, sensor)
    robot.spin(1.0 + delay)
    assert len(robot.heard['pose']) == len(robot.heard['odometry'])
    poses = {stamp_of(m): pose_matrix(m.pose) for m in robot.heard['pose']}
    told = edge(robot)
    at = {}
    for stamp, pose in told:
        assert stamp not in at
        at[stamp] = pose
    for stamp, pose in poses.items():
        np.testing.assert_allclose(at[stamp], pose, atol=1e-12)
    stamps = [stamp for stamp, _ in told]
    ordered = stamps if delay else [stamp for stamp in stamps if stamp not in poses]
    assert (np.diff(ordered) > 0).all()
    predicted = robot.heard['predicted']
    assert len(at) > 2 * len(poses)
    assert (np.diff([stamp_of(m) for m in predicted]) > 0).all()
    assert {(m.header.frame_id, m.child_frame_id) for m in predicted} == {('odom', 'base_link')}
    assert 'the gyroscope is not used' not in node.log()
    last = max(stamp for stamp in poses if stamp + int(0.1 * SECOND) < sampled)
    after = [(stamp, pose) for stamp, pose in told if last < stamp < last + int(0.1 * SECOND)]
    assert delay == 0 or after
    for stamp, pose in after if delay else []:  # without a delay it is blended
        turned = Rotation.from_matrix(poses[last][:3, :3].T @ pose[:3, :3]).as_rotvec()
        np.testing.assert_allclose(turned, RATE * (stamp - last) / SECOND, atol=0.02 * (stamp - last) / SECOND + 1e-6)
    spread = [np.trace(np.reshape(m.pose.covariance, (6, 6))) for m in robot.heard['odometry']][-1]
    assert np.trace(np.reshape(predicted[-1].pose.covariance, (6, 6))) > spread
    del kept


def test_a_turn_that_the_gyroscope_denies_is_lost(run):
    """An image that shows the place of before, while the IMU has turned by 33°, is told as lost, with the reason."""
    node, robot = run(lossless=True, weights='embedded', base_frame='base_link', odometry__rate=10.0)
    kept = mount_camera(robot.node)
    sensor = robot.publisher(Imu, 'imu', 1000)
    for k, rate in ((1, 0.0), (2, 0.0), (3, 6.0)):
        for i in range(11):
            message = Imu()
            message.header.frame_id = 'base_link'
            stamp = (k - 1) * SECOND // 10 + i * SECOND // 100
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(10 * SECOND + stamp, SECOND)
            message.angular_velocity.z = rate
            sensor.publish(message)
        robot.spin(0.3)
        robot.show(10 * SECOND + k * SECOND // 10, scene(k, (96, 128)))
        robot.wait_for('an answer', lambda k=k: len(robot.heard['status']) == k)
    before, status = robot.heard['status'][1:]
    assert before.tracking == 'initialising'
    assert status.tracking == 'lost' and 'the gyroscope denies: it tells 3' in status.tracking_reason
    assert 'the gyroscope is not used' not in node.log()
    del kept


@pytest.mark.parametrize('frame', ['', 'imu', 'imu_link', 'a/very/long/name/of/an/imu'])
def test_a_serialised_imu_is_read_as_the_message_is(frame):
    """Stamp, frame, rates and variance are those of the message, whatever the frame's length shifts."""
    message = Imu()
    message.header.frame_id = frame
    message.header.stamp.sec, message.header.stamp.nanosec = 12, 345_678_901
    message.orientation.x, message.linear_acceleration.x = 7.0, 9.0
    message.orientation_covariance, message.angular_velocity_covariance = np.full(9, 5.0), np.full(9, 0.25)
    w = message.angular_velocity
    w.x, w.y, w.z = 1.5, -2.5, 3.5
    assert read_rate(serialize_message(message)) == (12_345_678_901, frame, (1.5, -2.5, 3.5), 0.25)


def test_a_sensor_without_a_gyroscope_is_told(run):
    """It says so by -1 in place of the rates' variance, and log and diagnostics do; of a variance that it does not know
    the rates are taken."""
    node, robot = run(base_frame='base_link', odometry__rate=10.0)
    sensor = robot.publisher(Imu, 'imu', 1000)

    def told(variance: float) -> str:
        message = Imu()
        message.header.frame_id = 'base_link'
        message.angular_velocity_covariance[0] = variance
        sensor.publish(message)
        before = len(robot.heard['diagnostics'])
        robot.wait_for('diagnostics', lambda: len(robot.heard['diagnostics']) > before + 4)
        return robot.diagnostic('inference')['gyroscope']

    assert told(-1.0) == 'the sensor has none' and 'the messages on /imu say that their sensor has none' in node.log()
    assert told(float('nan')) == 'in base_link'


@pytest.mark.parametrize(('stamp', 'told'), [
    (0, 'the stamps on /imu are 0: its driver does not stamp'), (77, 's behind the images\': is the IMU running')])
def test_a_gyroscope_of_another_time_is_told(run, stamp, told):
    """Nothing of it could be used, and nothing was said."""
    node, robot = run(base_frame='base_link', odometry__rate=10.0)
    kept = mount_camera(robot.node)
    sensor = robot.publisher(Imu, 'imu', 1000)

    def tell() -> bool:
        message = Imu()
        message.header.frame_id, message.header.stamp.sec = 'base_link', stamp
        sensor.publish(message)
        robot.show(time.time_ns(), scene(len(robot.heard['status'])))
        robot.spin(0.1)
        return f'the gyroscope is not used: the {"last stamp" if stamp else "stamps"}' in node.log()

    robot.wait_for('the warning', tell)
    assert told in node.log()
    del kept


def test_without_a_rate_nothing_is_told_between_images(run):
    """As it ships there is no topic and TF has the images' stamps alone."""
    _, robot = run(lossless=True)
    robot.show_and_wait([SECOND + i * SECOND // 10 for i in range(3)])
    robot.spin(0.5)
    topics = [name for name, _ in robot.node.get_topic_names_and_types()]
    assert '/ttt3r/pose' in topics and '/ttt3r/odometry_predicted' not in topics
    assert len([t for m in robot.heard['tf'] for t in m.transforms]) == 3


def test_stamps_that_are_too_old_to_be_carried_on_are_told(run):
    """A camera whose clock is 3 s behind has poses and no predictions: the log says so, and by how much."""
    node, robot = run(odometry__rate=20.0)
    robot.listen('/ttt3r/odometry_predicted', 'predicted', Odometry)

    def shown() -> bool:
        robot.show(time.time_ns() - 3 * SECOND)
        robot.spin(0.2)
        return 'nothing is told between frames: answers come 3.' in node.log()

    robot.wait_for('the reason', shown)
    robot.wait_for('poses', lambda: robot.heard['pose'])
    assert not robot.heard['predicted']
