# SPDX-License-Identifier: Apache-2.0
"""One node for several robots, on a machine that has the GPU: `robots:='a b c'`. Each robot runs its camera driver."""

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Return what ttt3r.launch.py does, with defaults for several robots."""
    declared = (
        ('robots', None, "the robots' names, such as 'a b c': the namespaces of all that is theirs"),
        ('image', '/{robot}/image_raw', "topics of the images, of compressed ones without /compressed; {robot} stands "
                                        "for a robot's name"),
        ('camera_info', '/{robot}/camera_info', 'topics of their camera_info, likewise'),
        ('image_transport', 'compressed', 'how the images are sent: raw, compressed, ffmpeg or foxglove'),
        ('base_frame', 'base_link', "each robot's base, on which its own TF tells the camera's mount; {robot} in it as "
                                    'in image'))
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text) for name, default, text in declared),
        IncludeLaunchDescription(
            os.path.join(get_package_share_directory('ttt3r_ros'), 'launch', 'ttt3r.launch.py'))])
