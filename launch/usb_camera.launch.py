# SPDX-License-Identifier: Apache-2.0
"""A USB camera and the node, in one line: v4l2_camera or usb_cam publishes, with the camera's calibration if given."""

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

CAMERA = 'camera'
# Package: its executable, and the parameter that names the camera's frame.
DRIVERS = {'v4l2_camera': ('v4l2_camera_node', 'camera_frame_id'), 'usb_cam': ('usb_cam_node_exe', 'frame_id')}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, the driver and the node."""
    image = f'/{CAMERA}/image_raw'
    declared = (
        ('device', '/dev/video0', 'the camera'),
        ('driver', 'v4l2_camera', f'package that reads it: {" or ".join(DRIVERS)}, which must be installed'),
        ('calibration', '', 'what camera_calibration has written of it, as a URL: file:///home/…/camera.yaml; empty: '
                            'none'),
        ('camera_frame', 'camera_optical_frame', "the camera's optical frame, which goes into its images"),
        ('image', image, "the camera's images; nothing else is possible here"))
    node = IncludeLaunchDescription(
        os.path.join(get_package_share_directory('ttt3r_ros'), 'launch', 'ttt3r.launch.py'),
        launch_arguments={'image': image}.items())
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text) for name, default, text in declared),
        OpaqueFunction(function=_driver), node])


def _driver(context: LaunchContext) -> list[Node]:
    given = {name: LaunchConfiguration(name).perform(context)
             for name in ('device', 'driver', 'calibration', 'camera_frame')}
    if given['driver'] not in DRIVERS:
        raise RuntimeError(f'driver:={given["driver"]} is none that is known here: take one of {", ".join(DRIVERS)}')
    executable, frame = DRIVERS[given['driver']]
    parameters = {'video_device': given['device'], frame: given['camera_frame']}
    if given['calibration']:
        parameters['camera_info_url'] = given['calibration']
    return [Node(package=given['driver'], executable=executable, name='driver', namespace=CAMERA,
                 parameters=[parameters], output='screen')]
