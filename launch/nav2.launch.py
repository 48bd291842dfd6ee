# SPDX-License-Identifier: Apache-2.0
"""The node beside Nav2's navigation servers: costmaps from its points, odometry and TF from it. Needs nav2_bringup.

The node starts itself, outside Nav2's lifecycle manager: the manager wants a bond, or none of any server, and the
costmaps wait for odom → base_link by themselves, which comes with the first image after the weights are loaded.
"""

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetLaunchConfiguration,
)
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import SetRemap
from launch_ros.substitutions import FindPackageShare


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, the node and Nav2."""
    share = get_package_share_directory('ttt3r_ros')
    config = os.path.join(share, 'config')
    declared = (
        ('params_file', os.path.join(config, 'ttt3r_nav2.yaml'), "YAML file of the node's parameters"),
        ('nav2_params_file', os.path.join(config, 'nav2.yaml'), "YAML file of Nav2's parameters"))
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text) for name, default, text in declared),
        # First: where something is wrong, launch would end and leave the node behind.
        SetLaunchConfiguration('nav2_bringup', FindPackageShare('nav2_bringup')),
        OpaqueFunction(function=_check),
        IncludeLaunchDescription(os.path.join(share, 'launch', 'ttt3r.launch.py')),
        OpaqueFunction(function=_navigation)])


def _check(context: LaunchContext) -> None:
    if context.launch_configurations.get('robots'):
        raise RuntimeError('this navigates one robot: start server.launch.py, and Nav2 for each robot')
    parameters = LaunchConfiguration('nav2_params_file').perform(context)
    if not os.path.isfile(parameters):
        raise RuntimeError(f"nav2_params_file:={parameters} is no file: name the YAML file of Nav2's parameters")


def _navigation(context: LaunchContext) -> list[GroupAction]:
    """Return Nav2 with the node's points and odometry, of several cameras the first one's."""
    first, *_ = LaunchConfiguration('cameras').perform(context).split() or ['']
    below = '/'.join(part for part in (LaunchConfiguration('namespace').perform(context).strip('/'), 'ttt3r', first)
                     if part)
    navigation = IncludeLaunchDescription(
        PathJoinSubstitution([LaunchConfiguration('nav2_bringup'), 'launch', 'navigation_launch.py']),
        launch_arguments={'params_file': LaunchConfiguration('nav2_params_file')}.items())
    # A costmap's own namespace is below the robot's, so that its topics are absolute.
    return [GroupAction([*(SetRemap(f'/ttt3r/{topic}', f'/{below}/{topic}') for topic in ('points', 'odometry')),
                         navigation])]
