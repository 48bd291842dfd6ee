# SPDX-License-Identifier: Apache-2.0
"""Several cameras on one node, all estimating the same base: `cameras:='front rear' image:=/{camera}/image_raw`."""

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return what ttt3r.launch.py does, with defaults for several cameras."""
    declared = (
        ('cameras', 'front rear', "the cameras' names; the first one speaks to TF"),
        ('image', '/{camera}/image_raw', "topics of the images, {camera} standing for a camera's name"),
        ('camera_info', '/{camera}/camera_info', 'topics of their camera_info, likewise'),
        ('base_frame', 'base_link', "the robot's base, on which TF tells the cameras' mounts"))
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text) for name, default, text in declared),
        IncludeLaunchDescription(
            os.path.join(get_package_share_directory('ttt3r_ros'), 'launch', 'ttt3r.launch.py'))])
