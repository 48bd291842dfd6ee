# SPDX-License-Identifier: Apache-2.0
"""Several cameras on one node: a memory each, or one for all."""

from __future__ import annotations

import numpy as np
import pytest
from harness import matrix_of, pose_matrix, scene, stamp_of
from mount import MOUNT, OPTICAL, mount_camera
from nav_msgs.msg import Path
from std_srvs.srv import Trigger
from ttt3r_ros.srv import LoadState, SaveState, SetPose
from turns import leave_turns

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction import state_file
from ttt3r_ros.reconstruction.reconstructor import Reconstructor

SECOND = 1_000_000_000
REAR_MOUNT = np.diag([-1.0, -1, 1, 1]) @ MOUNT  # the same, looking back
MOUNTS = {'front': MOUNT, 'rear': REAR_MOUNT}


@pytest.fixture
def pair(start_node, make_robot):
    """Return a function that starts a node with two cameras, and returns it with a robot for each."""
    def start(**parameters):
        node = start_node(cameras=['front', 'rear'], lossless=True, **parameters)
        robots = {name: make_robot(target=f'ttt3r/{name}', topic=f'{name}/image') for name in ('front', 'rear')}
        for robot in robots.values():
            robot.wait_until_watched()
        return node, robots
    return start


def show(robots, name: str, stamp: int, seed: int) -> None:
    """Publish one image and wait for its answer."""
    robot = robots[name]
    before = len(robot.heard['status'])
    robot.show(stamp, scene(seed), f'{name}_optical')
    robot.wait_for(f'an answer of {name}', lambda: len(robot.heard['status']) > before)


def test_each_camera_has_a_memory_and_outputs_of_its_own(pair, tmp_path):
    """Two cameras give the poses that two runs of the library give, the base's both; only the first speaks to TF."""
    node, robots = pair(base_frame='base_link', state_file=str(tmp_path / 'robot.state'), autosave_interval=0.0)
    kept = [mount_camera(robots[name].node, MOUNTS[name], f'{name}_optical') for name in robots]
    for robot in robots.values():
        robot.spin(1.2)
    network = load_network('untrained').network
    library = {name: Reconstructor(network, make_rule('ttt3r')) for name in robots}
    expected, starts = {name: [] for name in robots}, {}
    for i in range(6):
        for k, name in enumerate(('front', 'rear', 'rear')):  # one is faster
            seed = 100 * ('front', 'rear').index(name) + 3 * i + k
            show(robots, name, SECOND + i * SECOND // 10 + k, seed)
            pose, mount = library[name].step(scene(seed)).pose, MOUNTS[name]
            # The rear one begins where the front one has the base, between two of its images.
            starts.setdefault(name, mount if name == 'front' else expected['front'][0] @ mount @ np.linalg.inv(pose))
            expected[name].append(starts[name] @ pose @ np.linalg.inv(mount))
        if i == 2:
            assert robots['rear'].reset().success
            library['rear'].reset()
    for name, robot in robots.items():
        robot.wait_for('poses', lambda robot=robot, name=name: len(robot.heard['pose']) == len(expected[name]))
        np.testing.assert_allclose([pose_matrix(m.pose) for m in robot.heard['pose']], expected[name], atol=1e-9)
        assert {m.child_frame_id for m in robot.heard['odometry']} == {'base_link'}
    assert (robots['front'].counters().segment, robots['rear'].counters().segment) == (0, 1)
    front = robots['front']
    front.wait_for('the last transform', lambda: len(front.heard['tf']) == len(expected['front']))
    told = [stamp_of(t) for m in front.heard['tf'] for t in m.transforms]
    assert told == [stamp_of(m) for m in front.heard['pose']]
    front.target = 'ttt3r'
    front.wait_for('diagnostics', lambda: front.diagnostic('front input') and front.diagnostic('rear input'))
    assert front.transition('deactivate')
    for name in robots:
        snapshot, context = state_file.load(tmp_path / f'robot.{name}.state')
        assert context.camera_frame == f'{name}_optical'
        Reconstructor(network, make_rule('ttt3r')).restore(snapshot)
    del kept


def test_a_camera_that_comes_later_begins_where_the_others_have_the_base(pair):
    """Its base is where the first camera's was at that moment, with what is not known of that; so it is after one
    camera's ~/start_afresh, and after that of all both begin at the initial pose."""
    node, robots = pair(base_frame='base_link', initial_pose=[1.0, 2.0, 0.0, 0.0, 0.0, 0.5])
    front, rear = robots.values()
    kept = [mount_camera(robots[name].node, MOUNTS[name], f'{name}_optical') for name in robots]
    front.spin(1.2)
    for i in range(8):
        show(robots, 'front', SECOND + i * SECOND // 10, 5 * i)
    show(robots, 'rear', SECOND + 7 * SECOND // 10, 40)
    show(robots, 'rear', SECOND + 8 * SECOND // 10, 40)

    def last(robot):
        robot.wait_for('odometry', lambda: len(robot.heard['odometry']) == len(robot.heard['status']))
        message = robot.heard['odometry'][-1]
        return pose_matrix(message.pose.pose), np.diag(np.reshape(message.pose.covariance, (6, 6)))

    where, known = last(front)
    assert np.linalg.norm(where[:2, 3] - [1, 2]) > 0.02
    rear.wait_for('its odometry', lambda: len(rear.heard['odometry']) == 2)
    np.testing.assert_allclose(pose_matrix(rear.heard['odometry'][0].pose.pose), where, atol=1e-6)
    for message in rear.heard['odometry']:  # the second has forgotten nothing
        assert (np.diag(np.reshape(message.pose.covariance, (6, 6)))[:3] >= known[:3].mean()).all()
    assert 'odom is where front has it: the base at' in node.log()

    def drop(target: str) -> str:
        client = front.node.create_client(Trigger, f'/ttt3r/{target}start_afresh')
        front.wait_for('the service', client.service_is_ready)
        reply = client.call_async(Trigger.Request())
        front.wait_for('the reply', reply.done)
        return reply.result().message

    assert drop('rear/').endswith('the next image is where front has the base')
    show(robots, 'rear', 3 * SECOND, 9)  # 1.3 s after the last of front
    pose, spread = last(rear)
    np.testing.assert_allclose(pose, where, atol=1e-6)
    assert (spread[:3] > 1.0).all()
    assert np.rad2deg(np.sqrt(spread[3:])).max() > 90  # nobody saw it
    assert drop('').endswith('the next image is at the initial pose')
    show(robots, 'front', 4 * SECOND, 0)
    show(robots, 'rear', 4 * SECOND, 0)
    first = pose_matrix(front.heard['odometry'][0].pose.pose)
    for robot in robots.values():
        np.testing.assert_allclose(last(robot)[0], first, atol=1e-6)
    del kept


def test_a_pose_that_was_set_stays_when_one_camera_begins_afresh(pair):
    """~/start_afresh of one camera goes on where the other has the base, in the map as in the odometry; that of all
    does not."""
    _, robots = pair(base_frame='base_link', map_frame='map')
    front, rear = robots.values()
    kept = [mount_camera(robots[name].node, MOUNTS[name], f'{name}_optical') for name in robots]
    front.spin(1.2)
    for i in range(3):
        for name in robots:
            show(robots, name, SECOND + i * SECOND // 10, 5 * i)

    def odometry_in_map() -> np.ndarray:
        front.spin(0.5)
        found = [t.transform for m in front.heard['tf_static'] for t in m.transforms if t.child_frame_id == 'odom']
        return matrix_of(found[-1].translation, found[-1].rotation)

    front.target = 'ttt3r'
    request = SetPose.Request()
    request.pose.header.frame_id = 'map'
    request.pose.pose.pose.position.x = 7.0
    assert front.call(SetPose, 'set_pose', request).success
    placed = odometry_in_map()
    assert placed[0, 3] > 6
    for name in ('rear', 'front'):
        assert front.call(Trigger, f'{name}/start_afresh', Trigger.Request()).success
        for robot in ('front', 'rear'):
            show(robots, robot, (2 + (name == 'front')) * SECOND, 3)
        np.testing.assert_allclose(odometry_in_map(), placed, atol=1e-9, err_msg=name)
    assert front.call(Trigger, 'start_afresh', Trigger.Request()).success
    np.testing.assert_allclose(odometry_in_map(), np.eye(4), atol=1e-9)
    del kept


def test_cameras_with_a_shared_state_are_one_sequence(pair):
    """Interleaved images are answered as one sequence of the library, all in the world of the first image."""
    node, robots = pair(shared_state=True)
    library = Reconstructor(load_network('untrained').network, make_rule('ttt3r'))
    expected, order = {name: [] for name in robots}, ['rear', 'front', 'front', 'rear', 'front', 'rear']
    for i, name in enumerate(order):
        show(robots, name, SECOND + i * SECOND // 20, 11 * i)
        expected[name].append(OPTICAL @ library.step(scene(11 * i)).pose)
    for name, robot in robots.items():
        robot.wait_for('poses', lambda robot=robot: len(robot.heard['pose']) == len(robot.heard['status']) == 3)
        np.testing.assert_allclose([pose_matrix(m.pose) for m in robot.heard['pose']], expected[name], atol=1e-9)
        assert [m.frame for m in robot.heard['status']] == [i for i, n in enumerate(order) if n == name]
    assert robots['front'].reset().success
    show(robots, 'rear', 2 * SECOND, 5)
    assert robots['rear'].counters().segment == 1


def test_cameras_that_share_a_memory_begin_again_together(pair, tmp_path):
    """~/rear/start_afresh drops the path of both; a saved state is refused, as one would write into what the other
    asks."""
    _, robots = pair(shared_state=True, files_dir=str(tmp_path))
    front, rear = robots.values()
    front.listen('/ttt3r/front/path', 'path', Path)
    for i in range(4):
        for name in robots:
            show(robots, name, SECOND + i * SECOND // 10, 7 * i)
    assert rear.call(SaveState, 'save_state', SaveState.Request(path='both')).success
    refused = rear.call(LoadState, 'load_state', LoadState.Request(path='both'))
    assert not refused.success and 'set shared_state to false' in refused.message
    assert rear.call(Trigger, 'start_afresh', Trigger.Request()).success
    show(robots, 'front', 2 * SECOND, 3)
    front.wait_for('the new path', lambda: len(front.heard['path'][-1].poses) == 1)


@pytest.mark.parametrize('later', [1, 50_000_000])
def test_cameras_that_begin_together_are_as_certain_as_each_other(pair, later):
    """The second one's first image comes while the first has but one: what nobody saw of the base is nothing."""
    _, robots = pair(base_frame='base_link', weights='embedded')
    kept = [mount_camera(robots[name].node, MOUNTS[name], f'{name}_optical') for name in robots]
    robots['front'].spin(1.2)
    for k, name in enumerate(robots):
        show(robots, name, SECOND + k * later, 3)
    spreads = []
    for robot in robots.values():
        robot.wait_for('odometry', lambda robot=robot: robot.heard['odometry'])
        spreads.append(np.sqrt(np.diag(np.reshape(robot.heard['odometry'][0].pose.covariance, (6, 6)))))
    assert (spreads[1] < 2 * spreads[0] + 1e-3).all()
    del kept


def test_a_fast_camera_leaves_its_turn_to_a_slow_one(start_node, make_robot):
    """Live, a flood of images on one topic does not keep the other camera's single images from being answered."""
    start_node(cameras=['front', 'rear'], shared_state=True)
    robots = {name: make_robot(target=f'ttt3r/{name}', topic=f'{name}/image') for name in ('front', 'rear')}
    for robot in robots.values():
        robot.wait_until_watched()
    leave_turns(*robots.values(), rounds=8)


def test_one_reset_for_all_cameras(pair):
    """~/reset of the node itself resets every memory, and says what became of each."""
    node, robots = pair(base_frame='base_link')
    kept = [mount_camera(robots[name].node, MOUNTS[name], f'{name}_optical') for name in robots]
    for robot in robots.values():
        robot.spin(1.2)
    for name in ('front', 'rear'):
        show(robots, name, SECOND, 3)
    client = robots['front'].node.create_client(Trigger, '/ttt3r/reset')
    robots['front'].wait_for('the service', client.service_is_ready)
    reply = client.call_async(Trigger.Request())
    robots['front'].wait_for('the reply', reply.done)
    assert reply.result().success
    assert reply.result().message == 'front: segment 1 begins; rear: segment 1 begins'
    for name in ('front', 'rear'):
        show(robots, name, 2 * SECOND, 4)
        assert robots[name].heard['status'][-1].segment == 1
    assert kept
