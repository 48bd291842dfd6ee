# SPDX-License-Identifier: Apache-2.0
"""Others that do what the node does, and mounts that look wrong: told with the parameter that mends it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped, TransformStamped
from harness import CAMERA_FRAME
from processes import eventually
from tf2_msgs.msg import TFMessage
from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster

from ttt3r_ros.ros.frames import SEARCHING_S, Frames, FrameUnknown
from ttt3r_ros.ros.log import Log
from ttt3r_ros.ros.rivals import Rivals

SECOND = 1_000_000_000


def edge(parent: str, child: str, stamp: int = 0) -> TransformStamped:
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, SECOND)
    message.transform.rotation.w = 1.0
    return message


def surroundings(robot) -> str:
    return robot.diagnostic('surroundings').get('message', '')


def test_who_has_not_told_his_name_is_no_rival_yet():
    """DDS tells of a publisher before the node behind it, which may be one of our own name: that is told as such. Who
    has none at the next look, as a publisher that is no ROS node, is told without."""
    def of(name: str, space: str = '/') -> SimpleNamespace:
        return SimpleNamespace(node_name=name, node_namespace=space)

    found = [of('ttt3r')]
    node = SimpleNamespace(
        get_fully_qualified_name=lambda: '/ttt3r', publishers=[SimpleNamespace(topic_name='/ttt3r/pose')],
        get_publishers_info_by_topic=lambda _: found, count_publishers=lambda _: len(found))
    rivals = Rivals(node, SimpleNamespace(whose=''), dict)

    def looks(*others: SimpleNamespace) -> list[str]:
        found[1:] = others
        return [line.partition(' as well')[0] for line in rivals.look()]

    unknown = of('_NODE_NAME_UNKNOWN_', '_NODE_NAMESPACE_UNKNOWN_')
    assert looks(unknown) == [] and looks(of('ttt3r')) == [] and looks(unknown) == []
    assert looks(unknown) == ['/ttt3r/pose is published by a node that has not told its name']
    assert looks(of('other', '/a'), unknown) == [
        '/ttt3r/pose is published by /a/other, a node that has not told its name']


def test_a_driver_s_own_frames_another_node_of_our_name_and_a_second_publisher(run):
    """Without base_frame beside a driver that publishes its optical frame, with another node of the same name and one
    that publishes on our topics: each is told in log and diagnostics, with what mends it, and no more once it is gone.
    """
    node, robot = run()
    robot.wait_for('a first look', lambda: surroundings(robot) == 'nothing interferes')
    static = StaticTransformBroadcaster(robot.node)
    static.sendTransform([edge('camera_link', CAMERA_FRAME), edge('base_link', 'camera_link'),
                          edge('odom', 'base_link')])
    robot.show_and_wait([SECOND])
    robot.wait_for('two parents', lambda: 'two parents' in surroundings(robot))
    assert robot.diagnostic('surroundings')['level'] == b'\x01'
    assert f'{CAMERA_FRAME} has two parents in TF, camera_link and by us odom' in node.log()
    assert "set base_frame to 'base_link'" in node.log()

    twin = rclpy.create_node('ttt3r')
    other = robot.node.create_publisher(PoseStamped, '/ttt3r/pose', 1)
    robot.wait_for('the twin', lambda: '2 nodes are called /ttt3r' in surroundings(robot))
    robot.wait_for('the publisher', lambda: f'/ttt3r/pose is published by /{robot.node.get_name()} as well'
                   in surroundings(robot))
    twin.destroy_node()
    robot.node.destroy_publisher(other)
    robot.wait_for('their end', lambda: 'nodes are called' not in surroundings(robot)
                   and 'as well' not in surroundings(robot))
    assert node.log().count('2 nodes are called') == 1


def test_a_node_that_is_not_configured_tells_another_of_its_name(start_node, make_robot):
    """The other one answers its transitions, and a launch that waits for them would not know why none comes."""
    node, robot = start_node(autostart=False), make_robot()
    robot.wait_for('the node', lambda: surroundings(robot) == 'nothing interferes')
    twin = rclpy.create_node('ttt3r')
    robot.wait_for('the twin', lambda: '2 nodes are called /ttt3r' in surroundings(robot), 15)
    assert '2 nodes are called /ttt3r' in node.log()
    twin.destroy_node()


def test_another_odometry_and_a_frame_that_is_not_optical(run):
    """A second source of odom → base_link is told from our own messages, and a camera frame with a body's axes is told
    once its mount has come; the line that it has come is there too."""
    node, robot = run(lossless=True, base_frame='base_link')
    robot.show(SECOND, frame_id='camera_link')
    robot.wait_for('the wait', lambda: 'no transform base_link → camera_link on /tf_static or /tf yet' in node.log())
    static = StaticTransformBroadcaster(robot.node)
    static.sendTransform(edge('base_link', 'camera_link'))
    robot.spin(1.5)
    for i in range(2, 6):
        robot.show(i * SECOND, frame_id='camera_link')
    robot.wait_for('poses', lambda: robot.heard['pose'])
    assert 'the transform base_link → camera_link has come' in node.log()
    robot.wait_for('the axes', lambda: "'camera_link' looks up in 'base_link'" in surroundings(robot))
    assert 'broadcasts' not in node.log() and 'two parents' not in node.log()
    assert np.isfinite([t.transforms[0].transform.rotation.w for t in robot.heard['tf']]).all()


def test_a_base_that_is_the_images_own_frame(run):
    """Whoever has no TF and sets base_frame names the camera's: its axes are taken for a base's, and that is told."""
    node, robot = run(lossless=True, base_frame='camera')
    for i in range(1, 4):
        robot.show(i * SECOND, frame_id='camera')
    robot.wait_for('poses', lambda: len(robot.heard['pose']) == 3)
    robot.wait_for('the axes', lambda: "base_frame 'camera' is the images' own frame" in surroundings(robot))
    assert surroundings(robot).count('leave base_frame empty') == 1


def test_a_second_source_of_odometry(run):
    """Another node that broadcasts odom → base_link is seen before any image of ours, and our own messages are not
    taken for another's."""
    node, robot = run(base_frame='base_link')
    rival = TransformBroadcaster(robot.node)

    def broadcast() -> bool:
        rival.sendTransform(edge('odom', 'base_link', robot.node.get_clock().now().nanoseconds))
        robot.spin(0.2)
        return 'another node broadcasts odom → base_link too' in surroundings(robot)

    robot.wait_for('the rival', broadcast)
    assert 'set publish_tf to false' in node.log()


def test_tf_is_heard_for_five_seconds_and_one_of_every_minute(ros):
    """Called once a second: from the activation and from another edge of ours on five times, then once of sixty."""
    node, edges = rclpy.create_node('looks_round'), {('odom', 'camera'): 'publish_tf to false'}
    rivals = Rivals(node, Frames(node, Log(node), ''), lambda: dict(edges))

    def listening(seconds: int) -> list[int]:
        heard = []
        for second in range(seconds):
            rivals.look()
            heard += [second] if any(known.topic_name == '/tf' for known in node.subscriptions) else []
        return heard

    assert listening(122) == [0, 1, 2, 3, 4, 60, 120]
    edges['map', 'odom'] = 'map_frame'
    assert listening(20) == [0, 1, 2, 3, 4]
    del edges['map', 'odom']
    assert listening(2) == []
    edges['map', 'odom'] = 'map_frame'  # as where publish_tf is switched off and on
    assert listening(8) == []
    rivals.pause()
    assert listening(1) == [0]
    edges.clear()
    assert listening(3) == []
    node.destroy_node()


def test_topics_that_all_share_are_no_rivalry_where_a_robot_s_namespace_has_them(ros):
    """/diagnostics and TF remapped into it are every node's there, too."""
    node, other = (rclpy.create_node(name, cli_args=['--ros-args', '-r', '/diagnostics:=/robot/diagnostics',
                                                     '-r', '/tf:=/robot/tf']) for name in ('ours', 'theirs'))
    for there in (node, other):
        for topic, kind in (('/diagnostics', DiagnosticArray), ('/tf', TFMessage), ('/pose', PoseStamped)):
            there.create_publisher(kind, topic, 1)
    rivals = Rivals(node, Frames(node, Log(node), ''), dict)
    eventually(lambda: node.count_publishers('/robot/diagnostics') == node.count_publishers('/pose') == 2, 20)
    assert [text.partition(':')[0] for text in rivals.look()] == ['/pose is published by /theirs as well']
    node.destroy_node()
    other.destroy_node()


def test_a_mount_is_looked_for_at_once_and_no_longer_than_it_is_missing(ros):
    """The static transforms all the time, and all of TF at first, then one second in ten, and until something comes:
    DDS may need longer for the two to meet. Once it is there, nothing."""
    node = rclpy.create_node('looks_for_a_mount')
    frames = Frames(node, Log(node), 'base')

    def heard() -> set[str]:
        return {known.topic_name for known in node.subscriptions} & {'/tf', '/tf_static'}

    assert heard() == {'/tf', '/tf_static'}
    with pytest.raises(FrameUnknown, match='no transform base → camera'):
        frames.mount('camera')
    for second in range(2, 62):
        frames._hear(TFMessage(transforms=[edge('odom', 'elsewhere')]))
        frames.tend()
        listens = second <= SEARCHING_S or second % 10 == 0
        assert heard() == {'/tf_static', *(['/tf'] if listens else [])}
    for second in range(62, 75):
        frames.tend()
        assert ('/tf' in heard()) == (second >= 70)
    frames._hear_fixed(TFMessage(transforms=[edge('base', 'camera')]))
    np.testing.assert_array_equal(frames.mount('camera'), np.eye(4))
    frames.tend()
    assert heard() == set()
    node.destroy_node()
