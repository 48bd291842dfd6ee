# SPDX-License-Identifier: Apache-2.0
"""Starts the TTT3R node, and RViz on request: `ros2 launch ttt3r_ros ttt3r.launch.py --show-args`."""

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

# Launch arguments that replace a value of params_file when they are given.
OVERRIDES = {'update_rule': str, 'weights': str, 'image_transport': str, 'lossless': bool}
TF_REMAPPINGS = [('/tf', 'tf'), ('/tf_static', 'tf_static')]


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, the Fast DDS profile, the node and RViz."""
    share = get_package_share_directory('ttt3r_ros')
    declared = (
        ('namespace', '', 'namespace of the node, its topics and TF'),
        ('params_file', os.path.join(share, 'config', 'ttt3r.yaml'), "YAML file of the node's parameters"),
        ('use_sim_time', 'false', 'take the time from /clock (simulation, or a bag played with --clock)'),
        ('autostart', 'true', 'configure and activate by itself; false under a lifecycle manager'),
        ('log_level', 'info', 'debug, info, warn, error or fatal; ttt3r:=debug for the node alone'),
        ('update_rule', '', 'state update rule, such as ttt3r or cut3r; empty: as in params_file'),
        ('weights', '', 'checkpoint to load (.pth or .safetensors); empty: as in params_file'),
        ('image', 'image', 'topic of the camera images; of compressed ones, without /compressed'),
        ('image_transport', '', 'raw or compressed, how the images are sent; empty: as in params_file'),
        ('lossless', '', 'answer every image in order (bags), not the newest; empty: as in params_file'),
        ('rviz', 'false', 'show the results in RViz (needs rviz2)'))
    arguments = [DeclareLaunchArgument(name, default_value=default, description=text)
                 for name, default, text in declared]
    rviz = Node(
        package='rviz2', executable='rviz2', namespace=LaunchConfiguration('namespace'),
        arguments=['-d', os.path.join(share, 'config', 'ttt3r.rviz')],
        parameters=[{'use_sim_time': ParameterValue(LaunchConfiguration('use_sim_time'), value_type=bool)}],
        # The configuration names the topics of a node without namespace.
        remappings=[*TF_REMAPPINGS, ('/ttt3r/pose', 'ttt3r/pose'), ('/ttt3r/points', 'ttt3r/points'),
                    ('/image', LaunchConfiguration('image'))],
        condition=IfCondition(LaunchConfiguration('rviz')))
    return LaunchDescription([*arguments, *_fast_dds_profile(share), OpaqueFunction(function=_node), rviz])


def _fast_dds_profile(share: str) -> list[SetEnvironmentVariable]:
    if 'FASTRTPS_DEFAULT_PROFILES_FILE' in os.environ:
        return []
    if not os.environ.get('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp').startswith('rmw_fastrtps'):
        return []
    return [SetEnvironmentVariable('FASTRTPS_DEFAULT_PROFILES_FILE',
                                   os.path.join(share, 'config', 'fastdds_shm.xml'))]


def _node(context: LaunchContext) -> list[Node]:
    image = LaunchConfiguration('image')
    parameters = {name: ParameterValue(LaunchConfiguration(name), value_type=bool)
                  for name in ('use_sim_time', 'autostart')}
    parameters |= {name: ParameterValue(LaunchConfiguration(name), value_type=kind)
                   for name, kind in OVERRIDES.items() if LaunchConfiguration(name).perform(context)}
    # A plain Node: it goes through its own transitions (autostart), so that `ros2 run` does as well.
    return [Node(
        package='ttt3r_ros', executable='ttt3r_node', namespace=LaunchConfiguration('namespace'),
        parameters=[LaunchConfiguration('params_file'), parameters],
        remappings=[*TF_REMAPPINGS, ('image', image), ('image/compressed', [image, '/compressed'])],
        arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level')],
        output='screen', emulate_tty=True)]
