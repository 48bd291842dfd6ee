# SPDX-License-Identifier: Apache-2.0
"""The viewer's client: what it hands on is what the node has published."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import rclpy
from harness import pose_matrix, scene, stamp_of
from rclpy.executors import SingleThreadedExecutor
from scipy.spatial import cKDTree
from sensor_msgs.msg import CameraInfo
from sensor_msgs_py import point_cloud2
from ttt3r_ros.srv import QueryView

from ttt3r_ros.ros import looking_on
from ttt3r_ros.ros.looking_on import LookingOn
from ttt3r_ros.view.asking import AskError

STAMPS = [1_700_000_000_000_000_000 + i * 100_000_000 for i in range(5)]


class Looking:
    """A client that looks on at the robot's node, and what it has handed on."""

    def __init__(self, robot):
        self.robot, self.taken = robot, []
        self.client, self.executor = LookingOn(robot.target, self.taken.append), SingleThreadedExecutor()
        self.executor.add_node(self.client)
        robot.wait_for('the viewer', lambda: self.spin(1) or self.client._tf)
        # What is sent before the node knows a listener is lost to it, and TF is listened to last of all.
        robot.meet()

    def spin(self, times):
        for _ in range(times):
            self.executor.spin_once(timeout_sec=0.02)

    def show(self, stamps):
        """Show images and wait until they are heard, and frames handed on."""
        before, handed = len(self.robot.heard['points']), len(self.taken)
        for stamp in stamps:
            self.robot.show(stamp, scene(stamp // 100_000_000))
            for _ in range(10):
                self.robot.spin(0.02)
                self.spin(1)

        def arrived():
            self.spin(1)
            return len(self.taken) > handed and len(self.robot.heard['points']) == before + len(stamps) == len(
                self.robot.heard['pose'])
        self.robot.wait_for('frames', arrived)

    def cloud_of(self, frame):
        """Return the place among what the robot has heard of the cloud that a frame is of."""
        return next(i for i, message in enumerate(self.robot.heard['pose'])
                    if np.allclose(pose_matrix(message.pose), frame.pose, atol=1e-9))

    def ask(self, pose, intrinsics=np.diag([50.0, 50, 1])):
        """Ask as the viewer's thread does; return the answer, or why there is none."""
        answers = []

        def ask():
            try:
                answers.append(self.client.ask(pose, intrinsics, (48, 64)))
            except AskError as error:
                answers.append(str(error))
        thread = threading.Thread(target=ask)
        thread.start()
        while thread.is_alive():
            self.spin(1)
        return answers[0]

    def close(self):
        self.executor.shutdown()
        self.client.destroy_node()


@pytest.fixture
def looking():
    """Return a maker of clients."""
    made = []

    def make(robot):
        made.append(Looking(robot))
        return made[-1]
    yield make
    for one in made:
        one.close()


def test_frames_are_handed_on_as_they_were_published(run, looking):
    """With the camera's pose from TF, the cloud's points and confidence, its colours as the picture, and what the
    status says; what the memory answers is what the service does."""
    _, robot = run(lossless=True)
    client = looking(robot)
    refused = client.ask(np.eye(4))
    assert 'no frame yet' in refused
    client.show(STAMPS)
    for frame in client.taken:
        at = client.cloud_of(frame)
        cloud, status = robot.heard['points'][at], robot.heard['status'][at]
        assert stamp_of(cloud) == stamp_of(status)
        assert frame.points.shape == (cloud.height, cloud.width, 3) == frame.image.shape
        points = point_cloud2.read_points(cloud)
        np.testing.assert_array_equal(frame.points[..., 2].ravel(), points['z'])
        np.testing.assert_array_equal(frame.confidence.ravel(), points['confidence'])
        assert np.array_equal(frame.image[..., ::-1].reshape(-1, 3),
                              points['rgb'].copy().view(np.uint8).reshape(-1, 4)[:, :3])
        assert frame.intrinsics[0, 0] > 0
        assert (frame.gate.mean, frame.gate.std) == (status.gate_mean, status.gate_std) and status.gate_mean > 0
        assert frame.tracking.state.value == status.tracking and frame.tracking.reason == status.tracking_reason
        assert frame.number == status.frame
    lens = client.taken[-1].intrinsics
    view = client.ask(np.eye(4), lens)
    answer = robot.call(QueryView, 'query_view', QueryView.Request(
        camera_info=CameraInfo(k=lens.ravel(), height=48, width=64)))
    assert answer.success and np.isfinite(view.points).all()
    np.testing.assert_array_equal(view.confidence.ravel(), np.frombuffer(answer.confidence.data, '<f4'))
    np.testing.assert_array_equal(view.points[..., 2].ravel(), np.frombuffer(answer.depth.data, '<f4'))


def test_a_node_of_which_dds_tells_late_is_asked_all_the_same(monkeypatch):
    """On a busy machine that takes a while, and nobody is said to be there who only has not been told yet."""
    monkeypatch.setattr(looking_on, 'DISCOVERY_S', 60.0)
    client, late, answers = LookingOn('/late', None), rclpy.create_node('late'), []
    executor = SingleThreadedExecutor()
    executor.add_node(client)
    executor.add_node(late)

    def ask() -> None:
        try:
            client.ask(np.eye(4), np.diag([50.0, 50, 1]), (48, 64))
        except AskError as error:
            answers.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.5)

    def refuse(_, response):
        response.message = 'not now'
        return response

    late.create_service(QueryView, '/late/query_view', refuse)
    while thread.is_alive():
        executor.spin_once(timeout_sec=0.05)
    executor.shutdown()
    client.destroy_node()
    late.destroy_node()
    assert answers == ['not now']


def test_frames_go_on_when_a_bag_begins_again(run, looking):
    """A loop that is longer than tf2 remembers does not end what is seen."""
    _, robot = run(lossless=True)
    client = looking(robot)
    client.show(STAMPS)
    client.show([stamp - 60_000_000_000 for stamp in STAMPS])


def test_one_of_several_robots_is_seen_by_its_own_tf(start_node, make_robot, looking):
    """Others have frames of the same names on theirs."""
    start_node(robots=['a', 'b'], lossless=True)
    one, other = make_robot(robot='a'), make_robot(robot='b')
    one.wait_until_watched()
    other.wait_until_watched()
    client = looking(one)
    for i, stamp in enumerate(STAMPS[1:]):
        other.show(stamp, scene(40 + 5 * i))
    client.show(STAMPS)
    poses = [pose_matrix(message.pose) for message in one.heard['pose']]
    for frame in client.taken:
        assert any(np.allclose(frame.pose, pose, atol=1e-9) for pose in poses)


def test_tf_is_found_wherever_the_node_speaks_to_it(start_node, make_robot, looking):
    """Also where somebody has remapped it out of the node's namespace."""
    start_node(lossless=True, remaps=('/tf:=/fleet/tf', '/tf_static:=/fleet/tf_static'))
    robot = make_robot()
    robot.wait_for('a subscription', robot.camera.get_subscription_count)
    robot.wait_for('the node', lambda: all(map(robot.heard_by, ('pose', 'points', 'status'))))
    robot.meet()
    client = looking(robot)
    client.show(STAMPS)


def test_a_viewer_that_sees_nothing_says_why(looking, run, monkeypatch):
    """It names what to look at: the node's name, or the node itself."""
    told = []
    monkeypatch.setattr(looking_on, 'SILENCE_TOLD_S', 0.5)
    monkeypatch.setattr(LookingOn, 'get_logger', lambda self: SimpleNamespace(warning=told.append))
    _, robot = run(lossless=True)
    client = looking(robot)
    robot.wait_for('a word', lambda: client.spin(1) or told)
    assert told[-1].startswith('no frame of /ttt3r: it tells none; is it active')
    client.client._target = '/nobody'
    robot.wait_for('another', lambda: client.spin(1) or 'nobody publishes /nobody/points' in told[-1])


def test_each_frame_has_its_own_lens(run, looking):
    """The model's focal length is another for each image: that of the next one would bend the cloud."""
    _, robot = run(lossless=True, weights='embedded')
    robot.listen('/ttt3r/depth/camera_info', 'lens', CameraInfo)
    client = looking(robot)
    for stamp in (STAMPS[0] + i * 100_000_000 for i in range(30)):
        robot.show(stamp, scene(stamp // 33_000_000))
        client.spin(2)
        robot.spin(0.03)
    robot.wait_for('all', lambda: client.spin(1) or len(robot.heard['lens']) == len(robot.heard['pose']) == 30)
    client.spin(20)
    lenses = {stamp_of(message): message.k[0] for message in robot.heard['lens']}
    for frame in client.taken:
        assert frame.intrinsics[0, 0] == lenses[stamp_of(robot.heard['pose'][client.cloud_of(frame)])]


@pytest.mark.parametrize(('parameters', 'step'), [
    ({'points.organised': False, 'points.frame': 'odom'}, 1), ({'points.stride': 2}, 2)])
def test_clouds_of_other_forms_are_pictures_of_the_camera_again(run, looking, parameters, step):
    """Flat, in the odometry frame, or of every second pixel: each point stands in its pixel of a picture, where it was
    said to be; weights that cannot be asked say so."""
    _, robot = run(lossless=True, weights='embedded', **{name.replace('.', '__'): value for name, value in
                                                        parameters.items()})
    client = looking(robot)
    client.show(STAMPS[:2])
    frame = client.taken[-1]
    cloud = robot.heard['points'][client.cloud_of(frame)]
    records = point_cloud2.read_points(cloud).reshape(-1)
    said = np.stack([records[axis] for axis in 'xyz'], axis=-1)
    said = said[np.isfinite(said).all(axis=1)]
    if cloud.header.frame_id == 'odom':
        said = (said - frame.pose[:3, 3]) @ frame.pose[:3, :3]
    there = np.isfinite(frame.points).all(axis=-1)
    assert frame.points.shape == (96 // step, 128 // step, 3) and there.mean() > 0.95
    assert len(said) == there.sum() and cKDTree(said).query(frame.points[there])[0].max() < 1e-4
    pixels = frame.points[there] @ frame.intrinsics.T
    v, u = np.nonzero(there)
    np.testing.assert_allclose(pixels[:, :2] / pixels[:, 2:], np.stack([u, v], axis=1), atol=0.02)
    assert 'no ray-map encoder' in client.ask(np.eye(4))


def test_a_node_whose_name_dds_has_not_told_yet_is_waited_for(monkeypatch):
    """Its topics may be known before its name, and rclpy refuses the word that stands for it."""
    client = LookingOn('/ttt3r', None)
    nameless = SimpleNamespace(node_name='_NODE_NAME_UNKNOWN_', node_namespace='_NODE_NAMESPACE_UNKNOWN_')
    monkeypatch.setattr(client, 'get_publishers_info_by_topic', lambda topic: [nameless])
    client._listen_to_tf()
    assert not [known for known in client.subscriptions if known.topic_name.endswith('/tf')]
    client.destroy_node()
