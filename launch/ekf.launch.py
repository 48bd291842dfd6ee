# SPDX-License-Identifier: Apache-2.0
"""The node's odometry in robot_localization's filter, which broadcasts odom → base. Needs robot_localization."""

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction, SetLaunchConfiguration
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackagePrefix


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, the node and the filter."""
    share = get_package_share_directory('ttt3r_ros')
    declared = (
        ('base_frame', 'base_link', "the robot's base, which node and filter track"),
        ('ekf_params_file', os.path.join(share, 'config', 'ekf.yaml'), "YAML file of the filter's parameters"))
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text) for name, default, text in declared),
        # First: where something is wrong, launch would end and leave the node behind.
        SetLaunchConfiguration('robot_localization', FindPackagePrefix('robot_localization')),
        OpaqueFunction(function=_check),
        # One source of odom → base: the filter.
        IncludeLaunchDescription(os.path.join(share, 'launch', 'ttt3r.launch.py'),
                                 launch_arguments={'publish_tf': 'false'}.items()),
        OpaqueFunction(function=_filter)])


def _check(context: LaunchContext) -> None:
    if context.launch_configurations.get('robots'):
        raise RuntimeError('one filter is for one robot: start server.launch.py, and an ekf_node for each robot')
    parameters = LaunchConfiguration('ekf_params_file').perform(context)
    if not os.path.isfile(parameters):  # launch would warn, and the filter run without them
        raise RuntimeError(f"ekf_params_file:={parameters} is no file: name the YAML file of the filter's parameters")


def _filter(context: LaunchContext) -> list[Node]:
    """Return the filter of the node's odometry, of several cameras the first one's."""
    first, *_ = LaunchConfiguration('cameras').perform(context).split() or ['']
    return [Node(
        package='robot_localization', executable='ekf_node', name='ekf', namespace=LaunchConfiguration('namespace'),
        parameters=[LaunchConfiguration('ekf_params_file'), {
            'base_link_frame': ParameterValue(LaunchConfiguration('base_frame'), value_type=str),
            'use_sim_time': ParameterValue(LaunchConfiguration('use_sim_time'), value_type=bool)}],
        remappings=[('/tf', 'tf'), ('/tf_static', 'tf_static'),
                    *((name, LaunchConfiguration(name)) for name in ('imu', 'wheel_odometry')),
                    *([('ttt3r/odometry', f'ttt3r/{first}/odometry')] if first else ())], output='screen')]
