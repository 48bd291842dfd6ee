# SPDX-License-Identifier: Apache-2.0
"""Arrays to messages, poses from them. Every number is cast: Jazzy's rclpy writes a wrong type as garbage, unasked."""

from __future__ import annotations

from array import array

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped, TransformStamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Image, PointCloud2, PointField
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header
from tf_transformations import quaternion_from_matrix, quaternion_matrix

from ttt3r_ros.reconstruction.cloud import Cloud
from ttt3r_ros.reconstruction.odometry import Estimate

POINT_FIELDS = [PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
                for i, name in enumerate(('x', 'y', 'z', 'rgb', 'confidence'))]
POINT_TYPE = np.dtype([(f.name, np.float32) for f in POINT_FIELDS])
UNKNOWN = 1e6  # variance, (m/s)² and (rad/s)²: a filter that takes it learns nothing from it


def nanoseconds(stamp: Time) -> int:
    """Return a stamp in integer nanoseconds."""
    return stamp.sec * 1_000_000_000 + stamp.nanosec


def to_time(nanoseconds: int) -> Time:
    """Return integer nanoseconds as a stamp."""
    return Time(sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000)


def frame_name(frame_id: str) -> str:
    """Return a frame's name as tf2 keeps it: without the leading slash that ROS 1's drivers and bags wrote."""
    return frame_id.removeprefix('/')


def to_pose(header: Header, pose: np.ndarray) -> PoseStamped:
    """Return pose (4, 4) as a message."""
    message = PoseStamped(header=header)
    x, y, z, w = quaternion_from_matrix(pose)
    p, q = message.pose.position, message.pose.orientation
    p.x, p.y, p.z = (float(v) for v in pose[:3, 3])
    q.x, q.y, q.z, q.w = float(x), float(y), float(z), float(w)
    return message


def to_odometry(header: Header, child: str, estimate: Estimate) -> Odometry:
    """Return an estimate as a message; the twist is child's own, and of UNKNOWN variance where there is none."""
    message = Odometry(header=header, child_frame_id=child)
    message.pose.pose = to_pose(header, estimate.tracked).pose
    message.pose.covariance = estimate.covariance.ravel()
    moving, variance = estimate.twist, estimate.twist_covariance
    if moving is None:
        moving, variance = np.zeros(6), UNKNOWN * np.eye(6)
    linear, angular = message.twist.twist.linear, message.twist.twist.angular
    linear.x, linear.y, linear.z, angular.x, angular.y, angular.z = (float(v) for v in moving)
    message.twist.covariance = variance.ravel()
    return message


def to_transform(header: Header, child: str, pose: np.ndarray) -> TransformStamped:
    """Return pose (4, 4), child in header's frame, as a transform."""
    message = TransformStamped(header=header, child_frame_id=child)
    x, y, z, w = quaternion_from_matrix(pose)
    t, q = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z = (float(v) for v in pose[:3, 3])
    q.x, q.y, q.z, q.w = float(x), float(y), float(z), float(w)
    return message


def from_transform(message: TransformStamped) -> np.ndarray:
    """Return a transform as (4, 4) float64: the child's pose in the parent's frame."""
    t, q = message.transform.translation, message.transform.rotation
    matrix = quaternion_matrix((q.x, q.y, q.z, q.w))
    matrix[:3, 3] = t.x, t.y, t.z
    return matrix


def to_depth_image(header: Header, values: np.ndarray) -> Image:
    """Return values (h, w) as a 32FC1 image; depth in metres along z, NaN where there is none (REP-118)."""
    height, width = values.shape
    data = array('B', np.ascontiguousarray(values, '<f4').tobytes())
    return Image(header=header, height=height, width=width, encoding='32FC1', is_bigendian=0, step=4 * width,
                 data=data)


def to_cloud(header: Header, cloud: Cloud) -> PointCloud2:
    """Return a cloud, organised (h, w) or flat (n,), as a message; NaN points make it not dense."""
    shape = cloud.confidence.shape
    records = np.empty(shape, POINT_TYPE)
    for axis, name in enumerate('xyz'):
        records[name] = cloud.points[..., axis]
    r, g, b = (cloud.colours[..., c].astype(np.uint32) for c in range(3))
    records['rgb'] = ((r << 16) | (g << 8) | b).view(np.float32)
    records['confidence'] = cloud.confidence
    # create_cloud reads a 2-D array as (width, height): give it a flat one and say the shape here.
    message = point_cloud2.create_cloud(header, POINT_FIELDS, records.reshape(-1))
    message.height, message.width = shape if len(shape) == 2 else (1, shape[0])
    message.row_step = message.width * message.point_step
    message.is_dense = bool(np.isfinite(cloud.points).all())
    return message
