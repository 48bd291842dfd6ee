# SPDX-License-Identifier: Apache-2.0
"""The run as a rosbag2 folder with an MCAP file, which Foxglove opens and `ros2 bag play` plays: the node's topics.

Poses are in `odom`, REP-103 (x where the first camera looks, y left, z up), as a node's with its defaults; clouds,
depth and images in the camera's optical frame. Log times are the images' stamps.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from scipy.spatial.transform import Rotation

from ttt3r_ros.reconstruction.gravity import OPTICAL_TO_BODY
from ttt3r_ros.sequences.sequence import NANOSECONDS

if TYPE_CHECKING:
    from ttt3r_ros.offline.recording import Recorded, Shot
    from ttt3r_ros.reconstruction.cloud import Cloud

STORE = get_typestore(Stores.ROS2_JAZZY)
ODOMETRY, FOLDER = 'odom', 'mcap'
POSE, PATH, POINTS, DEPTH, INFO, CONFIDENCE, IMAGE, TF = TOPICS = (
    '/ttt3r/pose', '/ttt3r/path', '/ttt3r/points', '/ttt3r/depth/image', '/ttt3r/depth/camera_info',
    '/ttt3r/confidence/image', '/ttt3r/image/compressed', '/tf')
TYPES = dict(zip(TOPICS, (
    'geometry_msgs/msg/PoseStamped', 'nav_msgs/msg/Path', 'sensor_msgs/msg/PointCloud2', 'sensor_msgs/msg/Image',
    'sensor_msgs/msg/CameraInfo', 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage', 'tf2_msgs/msg/TFMessage'),
    strict=True))
POINT = np.dtype([(name, '<f4') for name in ('x', 'y', 'z', 'rgb', 'confidence')])
FLOAT32 = 7  # of PointField


def write(recorded: Recorded, folder: Path) -> list[str]:
    """Write the folder mcap."""
    target = folder / FOLDER
    shutil.rmtree(target, ignore_errors=True)  # of an export that was interrupted
    with Writer(target, version=Writer.VERSION_LATEST, storage_plugin=StoragePlugin.MCAP) as writer:
        channels = {topic: writer.add_connection(topic, kind, typestore=STORE) for topic, kind in TYPES.items()}
        poses = []
        for shot in recorded.shots:
            messages = _messages(recorded, shot)
            poses.append(messages[POSE])
            if shot is recorded.shots[-1]:  # once: each has all before it
                messages[PATH] = _make('nav_msgs/msg/Path', header=_header(shot, ODOMETRY), poses=poses)
            for topic, message in messages.items():
                writer.write(channels[topic], shot.stamp, STORE.serialize_cdr(message, TYPES[topic]))
    return [FOLDER]


def _messages(recorded: Recorded, shot: Shot) -> dict:
    camera, odometry = _header(shot, recorded.frame_id), _header(shot, ODOMETRY)
    pose = np.eye(4)
    pose[:3] = OPTICAL_TO_BODY @ np.array(shot.pose)[:3]
    turn = _make('geometry_msgs/msg/Quaternion',
                 **dict(zip('xyzw', map(float, Rotation.from_matrix(pose[:3, :3]).as_quat()), strict=True)))
    place = dict(zip('xyz', map(float, pose[:3, 3]), strict=True))
    transform = _make('geometry_msgs/msg/Transform', translation=_make('geometry_msgs/msg/Vector3', **place),
                      rotation=turn)
    messages = {
        POSE: _make(TYPES[POSE], header=odometry, pose=_make(
            'geometry_msgs/msg/Pose', position=_make('geometry_msgs/msg/Point', **place), orientation=turn)),
        TF: _make(TYPES[TF], transforms=[_make('geometry_msgs/msg/TransformStamped', header=odometry,
                                               child_frame_id=recorded.frame_id, transform=transform)]),
        POINTS: _cloud(camera, recorded.points(shot)),
        DEPTH: _floats(camera, recorded.array('depth', shot)),
        CONFIDENCE: _floats(camera, recorded.array('confidence', shot)),
        IMAGE: _make(TYPES[IMAGE], header=camera, format='png',
                     data=np.frombuffer(recorded.image_file(shot).read_bytes(), np.uint8))}
    if shot.intrinsics is not None:
        messages[INFO] = _info(camera, shot)
    return messages


def _make(kind: str, **fields: object) -> object:
    return STORE.types[kind](**fields)


def _header(shot: Shot, frame_id: str) -> object:
    seconds, nanoseconds = divmod(shot.stamp, NANOSECONDS)
    return _make('std_msgs/msg/Header', frame_id=frame_id,
                 stamp=_make('builtin_interfaces/msg/Time', sec=seconds, nanosec=nanoseconds))


def _floats(header: object, values: np.ndarray) -> object:
    """Return values (h, w) as a 32FC1 image."""
    height, width = values.shape
    return _make('sensor_msgs/msg/Image', header=header, height=height, width=width, encoding='32FC1', is_bigendian=0,
                 step=4 * width, data=np.ascontiguousarray(values, '<f4').view(np.uint8).reshape(-1))


def _cloud(header: object, cloud: Cloud) -> object:
    """Return a flat cloud with the fields of the node's ~/points."""
    records = np.empty(len(cloud.points), POINT)
    for i, axis in enumerate('xyz'):
        records[axis] = cloud.points[:, i]
    red, green, blue = cloud.colours.T.astype('<u4')
    records['rgb'], records['confidence'] = ((red << 16) | (green << 8) | blue).view('<f4'), cloud.confidence
    fields = [_make('sensor_msgs/msg/PointField', name=name, offset=POINT.fields[name][1], datatype=FLOAT32, count=1)
              for name in POINT.names]
    return _make('sensor_msgs/msg/PointCloud2', header=header, height=1, width=len(records), fields=fields,
                 is_bigendian=False, point_step=POINT.itemsize, row_step=records.nbytes,
                 data=records.view(np.uint8).reshape(-1), is_dense=True)


def _info(header: object, shot: Shot) -> object:
    """Return the pinhole of depth, confidence and image."""
    intrinsics = np.array(shot.intrinsics)
    region = _make('sensor_msgs/msg/RegionOfInterest', x_offset=0, y_offset=0, height=0, width=0, do_rectify=False)
    return _make('sensor_msgs/msg/CameraInfo', header=header, height=shot.size[1], width=shot.size[0],
                 distortion_model='plumb_bob', d=np.zeros(5), k=intrinsics.reshape(-1), r=np.eye(3).reshape(-1),
                 p=np.hstack([intrinsics, np.zeros((3, 1))]).reshape(-1), binning_x=0, binning_y=0, roi=region)
