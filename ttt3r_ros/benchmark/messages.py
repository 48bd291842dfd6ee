# SPDX-License-Identifier: Apache-2.0
"""The ROS side of a frame without a ROS graph: image message in; cloud, depth and pose out, as bytes for the wire."""

from __future__ import annotations

from array import array

import numpy as np
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from ttt3r_ros.reconstruction.cloud import CloudFilter
from ttt3r_ros.reconstruction.depth import on_rays
from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.ros.conversions import to_cloud, to_depth_image, to_pose
from ttt3r_ros.ros.images import to_rgb

HEADER = Header(frame_id='camera')


def camera_message(image: np.ndarray) -> Image:
    """Return image, uint8 (H, W, 3) RGB, as a driver sends it: bgr8."""
    height, width = image.shape[:2]
    return Image(header=HEADER, height=height, width=width, encoding='bgr8', step=3 * width,
                 data=array('B', image[..., ::-1].tobytes()))


def receive(message: Image) -> np.ndarray:
    """Return the message's image as the network wants it."""
    return to_rgb(message)


def publish(frame: Frame) -> int:
    """Build and serialise the frame's cloud, depth, confidence and pose; return how many bytes."""
    depth, points = on_rays(frame.points, frame.intrinsics)
    cloud = CloudFilter().apply(points, frame.image, frame.confidence, organised=True)  # the node's default
    messages = [to_cloud(HEADER, cloud),
                to_depth_image(HEADER, frame.confidence), to_pose(HEADER, frame.pose)]
    if depth is not None:
        messages.append(to_depth_image(HEADER, depth))
    return sum(len(serialize_message(message)) for message in messages)
