# SPDX-License-Identifier: Apache-2.0
"""Plays a bag to the node on the bag's time, every image answered, and ends with the last answer."""

import os
import tempfile

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.conditions import UnlessCondition
from launch.event_handlers import OnProcessExit, OnShutdown
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.utilities import make_namespace_absolute, prefix_namespace
from lifecycle_msgs.msg import Transition

# Between the player's start and its first message: what is published before the two know each other is lost.
MATCHING_S = '2'
ACKNOWLEDGED_MS = '60000'


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, the node, and what follows from its states."""
    declared = (
        ('bag', None, 'the bag: a folder, or an .mcap or .db3 file'),
        ('rate', '1.0', 'how fast it is played, 1 as it was recorded'),
        ('image', '/image', "topic of the camera images in the bag; {camera} in it stands for a camera's name"))
    fixed = (
        ('use_sim_time', 'true', "the time is the bag's; nothing else is possible here"),
        ('lossless', 'true', 'every image of the bag is answered; nothing else is possible here'),
        # Not by itself: its transitions could be over before they are listened to.
        ('autostart', 'false', 'the launch file configures and activates the node; nothing else is possible here'))
    declared += fixed  # before the node's own, so that --show-args tells what runs
    node = IncludeLaunchDescription(
        os.path.join(get_package_share_directory('ttt3r_ros'), 'launch', 'ttt3r.launch.py'),
        launch_arguments={name: value for name, value, _ in fixed}.items())
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text) for name, default, text in declared),
        node,
        _on('inactive', 'configuring', _transition(Transition.TRANSITION_ACTIVATE)),
        _on('unconfigured', 'configuring', Shutdown(reason='the node could not be configured')),
        _on('active', 'activating', OpaqueFunction(function=_play)),
        _transition(Transition.TRANSITION_CONFIGURE)])


def _on(goal: str, start: str, action) -> RegisterEventHandler:
    return RegisterEventHandler(OnStateTransition(start_state=start, goal_state=goal, entities=[action],
                                                  handle_once=True))


def _transition(transition: int) -> EmitEvent:
    return EmitEvent(event=ChangeState(lifecycle_node_matcher=lambda _: True, transition_id=transition))


def _play(context: LaunchContext) -> list:
    """Return the player, what waits for the node's last answer, and the end."""
    def given(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    def absolute(name: str) -> str:
        return make_namespace_absolute(prefix_namespace(given('namespace') or '/', name))

    mark, names = ('{robot}', given('robots')) if given('robots') else ('{camera}', given('cameras'))
    images = [absolute(given('image')).replace(mark, name) for name in names.split() or ['']]
    offers = _reliable(images)
    player = ExecuteProcess(
        cmd=['ros2', 'bag', 'play', given('bag'), '--clock', '--rate', given('rate'), '--delay', MATCHING_S,
             '--wait-for-all-acked', ACKNOWLEDGED_MS, '--disable-keyboard-controls',
             '--qos-profile-overrides-path', offers,
             '--remap', *(f'/{name}:={absolute(name)}' for name in ('tf', 'tf_static'))],
        output='screen')
    name = absolute('ttt3r').lstrip('/')
    # Between two images nothing waits either, as of a node that is late to take those which are there: it has to have
    # taken none for the second of a report, too.
    answered = ExecuteProcess(cmd=[
        'ros2', 'topic', 'echo', '--no-daemon', '--once', '/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray',
        '--filter', f"sum(s.name.startswith('{name}: ') and v.key in ('pending frames', 'rate (Hz)') and v.value == "
                    "'0' for s in m.status for v in s.values) == 2"])

    def played(event: ProcessExited, context: LaunchContext) -> ExecuteProcess:
        if event.returncode:  # what is raised here ends the launch, with an exit status that says so
            raise RuntimeError(f"'ros2 bag play {given('bag')}' ended with status {event.returncode}: nothing, or not "
                               'all of the bag, was played; its own lines above say why')
        return answered

    return [*(LogInfo(msg=line) for image in images for line in _told(given('bag'), image)),
            player,
            RegisterEventHandler(OnProcessExit(target_action=player, on_exit=played)),
            RegisterEventHandler(OnShutdown(on_shutdown=lambda event, context: os.unlink(offers))),
            RegisterEventHandler(OnProcessExit(target_action=answered, on_exit=[
                Shutdown(reason='the bag has ended and its images are answered',
                         condition=UnlessCondition(LaunchConfiguration('rviz')))]))]


def _told(bag: str, image: str) -> list[str]:
    """Return what the bag holds on the topic and beside it, or why that cannot be told; it is played all the same."""
    try:
        from ttt3r_ros.sequences import SequenceError, open_sequence
    except ImportError as error:
        return [f'what is in {bag} is not told: {error}']
    said = []
    for topic in (image, f'{image}/compressed'):
        try:
            return open_sequence(bag, topic=topic).describe()
        except SequenceError as error:
            said.append(str(error))
    return said[:1]


def _reliable(images: list[str]) -> str:
    """Return a file that has the player offer the images reliably, however the camera did: lossless asks for it."""
    with tempfile.NamedTemporaryFile('w', prefix='ttt3r_bag_qos_', suffix='.yaml', delete=False) as file:
        for image in images:
            for topic in (image, *(f'{image}/{way}' for way in ('compressed', 'ffmpeg', 'foxglove'))):
                file.write(f'{topic}: {{reliability: reliable, history: keep_last, depth: 1000}}\n')
    return file.name
