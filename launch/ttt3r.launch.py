# SPDX-License-Identifier: Apache-2.0
"""Starts the TTT3R node, and RViz on request: `ros2 launch ttt3r_ros ttt3r.launch.py --show-args`."""

import difflib
import os
import sys

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.parameter_descriptions import ParameterValue

SHARE = get_package_share_directory('ttt3r_ros')
PARAMS_FILE = os.path.join(SHARE, 'config', 'ttt3r.yaml')
# Launch arguments that replace a value of params_file when they are given.
OVERRIDES = {'update_rule': str, 'weights': str, 'image_transport': str, 'lossless': bool, 'base_frame': str,
             'publish_tf': bool, 'shared_state': bool}
TF_REMAPPINGS = [('/tf', 'tf'), ('/tf_static', 'tf_static')]
MARKS = {'{camera}': "cameras:='front rear'", '{robot}': "robots:='a b'"}  # and what names them
VIEWED = ('pose', 'path', 'points', 'map')
VIEWED_CELL_M = 0.05
RESPAWN_S = 2.0  # a device that is out of memory is not at once out of it


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, the Fast DDS profile, the node and RViz."""
    declared = (
        ('namespace', '', 'namespace of the node, its topics and TF'),
        ('params_file', PARAMS_FILE, "YAML file of the node's parameters"),
        ('use_sim_time', 'false', 'take the time from /clock (simulation, or a bag played with --clock)'),
        ('autostart', 'true', 'configure and activate by itself; false under a lifecycle manager'),
        ('log_level', 'info', 'debug, info, warn, error or fatal; ttt3r:=debug for the node alone'),
        ('update_rule', '', 'state update rule, such as ttt3r or cut3r; empty: as in params_file'),
        ('weights', '', 'checkpoint to load (.pth or .safetensors); empty: as in params_file'),
        ('image', 'image', 'topic of the camera images; of compressed ones, without /compressed; {camera} in it '
                           "stands for a camera's name"),
        ('camera_info', 'camera_info', 'topic of the camera_info; as it is by default: beside the images; '
                                       '{camera} in it as in image'),
        ('depth', '', 'topic of a depth camera, aligned to the images, its camera_info beside it, for scale_source: '
                      'depth in params_file; {camera} in it as in image; empty: depth'),
        ('mask', '', 'topic of masks with the stamps of the images: what is not 0 in them is left out of clouds, map '
                     'and scale; {camera} in it as in image; empty: mask'),
        ('imu', 'imu', 'topic of an IMU, for level: imu in params_file; of robots: below each, or {robot} in it'),
        ('wheel_odometry', 'wheel_odometry', "topic of the wheels' odometry, for scale_source: wheels in params_file; "
                                             'of robots as imu'),
        ('image_transport', '', 'how the images are sent: raw, compressed, ffmpeg or foxglove; empty: params_file'),
        ('cameras', '', "names of several cameras, such as 'front rear'; empty: as in params_file"),
        ('shared_state', '', 'all cameras in one memory; empty: as in params_file'),
        ('robots', '', "names of several robots, such as 'a b', in whose namespaces all is; {robot} in topics and "
                       'frames as {camera}; empty: as in params_file'),
        ('base_frame', '', "the robot's base, such as base_link; empty: as in params_file"),
        ('publish_tf', '', 'broadcast odom_frame to base_frame; empty: as in params_file'),
        ('lossless', '', 'answer every image in order (bags), not the newest; empty: as in params_file'),
        ('respawn', 'false', 'start the node again when its process ends, such as with status 3 for a device that '
                             'failed; with state_file and resume in params_file it goes on where it was'),
        ('rviz', 'false', 'show the results in RViz (needs rviz2), of the first camera; with the shipped params_file '
                          f'also a map in cells of {VIEWED_CELL_M} m'))
    arguments = [DeclareLaunchArgument(name, default_value=default, description=text)
                 for name, default, text in declared]
    return LaunchDescription([OpaqueFunction(function=_require_known), *arguments, *_fast_dds_profile(),
                              OpaqueFunction(function=_nodes)])


def _require_known(context: LaunchContext) -> None:
    """Refuse an argument that `ros2 launch` was given and takes without a word, where one of nearly that name is meant.

    What is typed for another package's file, which includes this one, is its own matter; others may be Nav2's.
    """
    typed = next((typed for typed in zip(sys.argv, sys.argv[1:]) if typed[1].endswith('.launch.py')), ('', ''))
    file = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.path.basename(typed[1]))
    if not (os.path.isfile(file) and (typed[0] == 'ttt3r_ros' or os.path.exists(typed[1]) and
                                      os.path.samefile(file, typed[1]))):
        return
    known = [argument.name for argument in
             PythonLaunchDescriptionSource(file).get_launch_description(LaunchContext()).get_launch_arguments()]
    for name, _, value in (argument.partition(':=') for argument in context.argv if ':=' in argument):
        near = difflib.get_close_matches(name, known, 1)
        if near and name not in known:
            raise RuntimeError(f'{name}:={value} is no argument of {typed[1]}: is {near[0]} meant? --show-args at the '
                               'end of the line lists all')


def _fast_dds_profile() -> list[SetEnvironmentVariable]:
    if 'FASTRTPS_DEFAULT_PROFILES_FILE' in os.environ:
        return []
    if not os.environ.get('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp').startswith('rmw_fastrtps'):
        return []
    return [SetEnvironmentVariable('FASTRTPS_DEFAULT_PROFILES_FILE',
                                   os.path.join(SHARE, 'config', 'fastdds_shm.xml'))]


def _nodes(context: LaunchContext) -> list[Node]:
    def given(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    own = given('params_file')
    if not os.path.isfile(own):  # launch would warn, and the node run without them
        raise RuntimeError(f"params_file:={own} is no file: name the YAML file of the node's parameters")
    cameras, robots = given('cameras').split(), given('robots').split()
    if cameras and robots:
        raise RuntimeError('robots have one camera each, and cameras are several of one robot: give one of the two')
    kind = 'robot' if robots else 'camera'
    mark = f'{{{kind}}}'
    aligned = [topic for topic in ('depth', 'mask') if given(topic)]
    # Of robots these stand below their names, as they are, unless a pattern is given.
    aboard = [topic for topic in ('imu', 'wheel_odometry') if not robots or given(topic) != topic]
    patterned = ['image', 'camera_info', *aligned, *(aboard if robots else ())]
    names = cameras or robots or ['']
    for topic in ('image', 'camera_info', *aligned, *aboard):
        other = next((other for other in MARKS if other in given(topic) and (names == [''] or other != mark)), None)
        if other:
            raise RuntimeError(f'{topic}:={given(topic)} wants names for {other}: give {MARKS[other]}, also where '
                               'params_file has them')
    shared = [topic for topic in patterned if mark not in given(topic)]
    if len(names) > 1 and shared:
        raise RuntimeError(f'{shared[0]}:={given(shared[0])} is one topic for several {kind}s: write {mark} where '
                           f'their names are to stand, such as /{mark}/{shared[0]}')
    images = [given('image').replace(mark, name) for name in names]
    inputs = [] if robots else [(topic, given(topic)) for topic in aboard]
    for name, image in zip(names, images):
        prefix = f'{name}/' if name else ''
        inputs += [(f'{prefix}{topic}', given(topic).replace(mark, name)) for topic in patterned]
        inputs += [(f'{prefix}image/{way}', f'{image}/{way}') for way in ('compressed', 'ffmpeg', 'foxglove')]

    parameters = {name: ParameterValue(LaunchConfiguration(name), value_type=bool)
                  for name in ('use_sim_time', 'autostart')}
    parameters |= {name: ParameterValue(LaunchConfiguration(name), value_type=kind)
                   for name, kind in OVERRIDES.items() if given(name)}
    if names != ['']:
        parameters[f'{kind}s'] = names
    seen = IfCondition(LaunchConfiguration('rviz')).evaluate(context)
    if seen and own == PARAMS_FILE:
        parameters['map.cell'] = VIEWED_CELL_M
    # It goes through its own transitions (autostart), so that `ros2 run` does as well.
    node = LifecycleNode(
        package='ttt3r_ros', executable='ttt3r_node', name='ttt3r', namespace=LaunchConfiguration('namespace'),
        parameters=[LaunchConfiguration('params_file'), parameters],
        remappings=[*TF_REMAPPINGS, *inputs],
        arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level')],
        output='screen', emulate_tty=True,
        respawn=IfCondition(LaunchConfiguration('respawn')).evaluate(context), respawn_delay=RESPAWN_S)
    if not seen:
        return [node]
    first = f'{names[0]}/' if names[0] else ''
    outputs = f'{first}ttt3r/' if robots else f'ttt3r/{first}'
    of_robot = first if robots else ''
    # RViz first: where it is not installed, launch would end and leave the node behind.
    return [Node(
        package='rviz2', executable='rviz2', namespace=LaunchConfiguration('namespace'),
        arguments=['-d', os.path.join(SHARE, 'config', 'ttt3r.rviz')],
        parameters=[{'use_sim_time': ParameterValue(LaunchConfiguration('use_sim_time'), value_type=bool)}],
        # The configuration names the topics of a node without namespace and with one camera.
        remappings=[*((f'/{topic}', f'{of_robot}{topic}') for topic in ('tf', 'tf_static', 'initialpose')),
                    *((f'/ttt3r/{topic}', f'{outputs}{topic}') for topic in VIEWED), ('/image', images[0])]), node]
