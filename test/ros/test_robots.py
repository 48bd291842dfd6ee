# SPDX-License-Identifier: Apache-2.0
"""Several robots on one node: each in its namespace, as if it were alone."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from harness import image_message, pose_matrix, scene
from mount import MOUNT
from rcl_interfaces.msg import Log
from rclpy.qos import DurabilityPolicy, QoSProfile
from scipy.spatial.transform import Rotation
from tf2_msgs.msg import TFMessage
from turns import leave_turns

from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.ros import parameters
from ttt3r_ros.ros.declarations import DECLARATIONS
from ttt3r_ros.ros.parameters import SettingsError

SECOND = 1_000_000_000
LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@pytest.fixture
def fleet(start_node, make_robot):
    """Return a function that starts a node for robots of these names, and returns it with a client for each."""
    def start(*names: str, **given):
        node = start_node(robots=list(names), **given)
        robots = {name: make_robot(robot=name) for name in names}
        for robot in robots.values():
            robot.wait_until_watched()
        return node, robots
    return start


def mount(robot, base: str, base_from_camera: np.ndarray) -> None:
    """Tell where the camera is on one robot, on its own TF."""
    told = TransformStamped(child_frame_id='camera')
    told.header.frame_id = base
    t, q = told.transform.translation, told.transform.rotation
    t.x, t.y, t.z = map(float, base_from_camera[:3, 3])
    q.x, q.y, q.z, q.w = map(float, Rotation.from_matrix(base_from_camera[:3, :3]).as_quat())
    robot.publisher(TFMessage, f'{robot.name}/tf_static', LATCHED).publish(TFMessage(transforms=[told]))


def test_each_robot_is_answered_as_if_it_were_alone(fleet):
    """Pose, TF, base frame and memory are each one's own; a reset, an image that is none and silence of one are no
    matter of the others."""
    node, robots = fleet('a', 'b', 'c', base_frame='{robot}/base', batch_wait=0.2)
    mounts = {name: MOUNT + [[0, 0, 0, 0.1 * k], [0] * 4, [0] * 4, [0] * 4] for k, name in enumerate(robots)}
    for name, robot in robots.items():
        mount(robot, f'{name}/base', mounts[name])
    robots['a'].spin(1.2)
    network = load_network('untrained', precision='float32').network
    library = {name: Reconstructor(network, make_rule('ttt3r')) for name in robots}
    expected: dict[str, list] = {name: [] for name in robots}
    for i in range(6):
        if i == 3:
            assert robots['b'].reset().success
            library['b'].reset()
            broken = image_message(SECOND + i * SECOND // 10 - 1, scene(0), 'camera')
            broken.step = 1
            robots['b'].camera.publish(broken)
            # Within batch_wait the next one would take its place unread.
            robots['b'].wait_for('the refusal', lambda: 'image dropped' in node.log())
        shown = [name for name in robots if name != 'c' or i < 4]
        for name in shown:  # together, if they come in time
            image = scene(7 * i + 100 * ord(name))
            robots[name].show(SECOND + i * SECOND // 10, image, 'camera')
            pose = library[name].step(image).pose
            expected[name].append(mounts[name] @ pose @ np.linalg.inv(mounts[name]))
        for name in shown:
            robots[name].wait_for(f'image {i} of {name}', lambda name=name: len(robots[name].heard['status']) > i)
    for name, robot in robots.items():
        robot.wait_for('poses', lambda robot=robot, name=name: min(
            len(robot.heard[kind]) for kind in ('pose', 'tf')) >= len(expected[name]))
        found = np.array([pose_matrix(message.pose) for message in robot.heard['pose']])
        np.testing.assert_allclose(found, expected[name], atol=1e-5 * np.abs(found).max())
        edges = {(t.header.frame_id, t.child_frame_id) for m in robot.heard['tf'] for t in m.transforms}
        assert edges == {('odom', f'{name}/base')}
    assert [robot.counters().segment for robot in robots.values()] == [0, 1, 0]
    assert [robot.counters().dropped_invalid for robot in robots.values()] == [0, 1, 0]
    names = {name for name, _ in robots['a'].node.get_service_names_and_types()}
    assert {'/a/ttt3r/reset', '/a/ttt3r/set_pose', '/c/ttt3r/save_state'} <= names and '/ttt3r/reset' not in names
    robots['a'].target = 'ttt3r'
    robots['a'].wait_for('diagnostics of each', lambda: all(
        robots['a'].diagnostic(f'{name} input') for name in robots))


def test_the_log_says_whose_a_line_is_and_hides_nobodys(fleet):
    """Images that cannot be read, a missing mount and segments are told of each; on /rosout, too."""
    node, robots = fleet('a', 'b', base_frame='{robot}_base', reset_policy='interval', reset_interval=2)
    robots['a'].listen('/rosout', 'rosout', Log)
    robots['a'].meet()

    def told(name: str, text: str) -> bool:
        return any(f'[ttt3r.{name}]' in line and text in line for line in node.log().splitlines())

    for encoding in ('8UC2', '32FC1'):  # the second within the time that the first is not told again
        for name, robot in robots.items():
            broken = image_message(SECOND, scene(0))
            broken.encoding = encoding
            robot.camera.publish(broken)
            robot.wait_for(f"{name}'s {encoding}", lambda name=name, encoding=encoding: told(name, encoding))
    for name, robot in robots.items():
        robot.show_and_wait([SECOND, 2 * SECOND, 3 * SECOND])
        robot.wait_for(f"{name}'s mount", lambda name=name: told(name, f'no pose and no TF: no transform {name}_base'))
        robot.wait_for(f"{name}'s segment", lambda name=name: told(name, 'segment 1 begins'))
    robots['a'].wait_for('both on /rosout', lambda: {'ttt3r.a', 'ttt3r.b'} <= {
        line.name for line in robots['a'].heard['rosout'] if 'no pose' in line.msg})


def test_a_fast_robot_leaves_its_turn_to_a_slow_one(fleet):
    """A flood of images of one robot does not keep another's single ones from being answered, each of them."""
    _, robots = fleet('fast', 'slow')
    leave_turns(*robots.values(), rounds=6)


@pytest.mark.parametrize(('given', 'told'), [
    ({'robots': ['a', 'b'], 'cameras': ['front', 'rear']}, 'robots have one camera each, and cameras are several'),
    ({'robots': ['a', 'b'], 'odom_frame': 'b', 'map_frame': '{robot}'}, "also those of the robot 'b'"),
    ({'robots': ['a', 'a']}, r"robots \['a', 'a'\] cannot be told apart"),
    ({'robots': ['a/b']}, 'each its own name of letters'),
    ({'robots': ['a'], 'compile': True}, 'set compile to false'),
    ({'base_frame': '{robot}/base'}, 'set robots')])
def test_settings_that_cannot_be_are_told(given, told):
    """The message names the parameter and what to set."""
    values = {one.name: one.default for one in DECLARATIONS} | given
    node = SimpleNamespace(get_parameter=lambda name: SimpleNamespace(value=values[name]))
    with pytest.raises(SettingsError, match=told):
        parameters.read(node)
