# SPDX-License-Identifier: Apache-2.0
"""The run as a rosbag2 folder with an MCAP file, which Foxglove opens and `ros2 bag play` plays: the node's topics.

Log times are the images' stamps; MCAP's begin at 0, so where the first stamp is before that they are since the first.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2 import StoragePlugin, Writer

from ttt3r_ros.export import ros_messages as to
from ttt3r_ros.export.forms import ExportError
from ttt3r_ros.export.ros_messages import ODOMETRY, STORE
from ttt3r_ros.reconstruction.cloud import Cloud
from ttt3r_ros.reconstruction.odometry import DOUBT, Odometry
from ttt3r_ros.reconstruction.tracking import TrackingState
from ttt3r_ros.sequences.sequence import DEFAULT_FRAME

if TYPE_CHECKING:
    from ttt3r_ros.offline.recording import Recorded, Shot

FOLDER = 'mcap'
TYPES = {
    '/ttt3r/pose': 'geometry_msgs/msg/PoseStamped',
    '/ttt3r/odometry': 'nav_msgs/msg/Odometry',
    '/ttt3r/path': 'nav_msgs/msg/Path',
    '/ttt3r/points': 'sensor_msgs/msg/PointCloud2',
    '/ttt3r/map': 'sensor_msgs/msg/PointCloud2',
    '/ttt3r/depth/image': 'sensor_msgs/msg/Image',
    '/ttt3r/depth/camera_info': 'sensor_msgs/msg/CameraInfo',
    '/ttt3r/confidence/image': 'sensor_msgs/msg/Image',
    '/ttt3r/image/compressed': 'sensor_msgs/msg/CompressedImage',
    '/ttt3r/status': to.STATUS,
    '/tf': 'tf2_msgs/msg/TFMessage',
}
FOREVER = QosTime(9_223_372_036, 854_775_807)  # as rosbag2 writes it
LATCHED = Qos(QosHistory.KEEP_LAST, 1, QosReliability.RELIABLE, QosDurability.TRANSIENT_LOCAL, FOREVER, FOREVER,
              QosLiveliness.AUTOMATIC, FOREVER, False)


def write(recorded: Recorded, folder: Path) -> list[str]:
    """Write the folder mcap. Raises ExportError for stamps that no message can have."""
    target = folder / FOLDER
    shutil.rmtree(target, ignore_errors=True)  # of an export that was interrupted
    to.define_status()
    begin = min([0, *(shot.stamp for shot in recorded.every)])
    try:
        _fill(target, recorded, begin)
    except ExportError:
        shutil.rmtree(target)
        raise
    return [FOLDER]


def _fill(target: Path, recorded: Recorded, begin: int) -> None:
    with Writer(target, version=Writer.VERSION_LATEST, storage_plugin=StoragePlugin.MCAP) as writer:
        channels = {topic: writer.add_connection(topic, kind, typestore=STORE, offered_qos_profiles=(
            [LATCHED] if topic == '/ttt3r/map' else ())) for topic, kind in TYPES.items()}
        for shot, topic, message in _told(recorded):
            writer.write(channels[topic], shot.stamp - begin, STORE.serialize_cdr(message, TYPES[topic]))


def _told(recorded: Recorded) -> Iterator[tuple[Shot, str, object]]:
    """Yield what the node would have said, frame by frame; path and map once, with all that was before."""
    way, poses, answered = Odometry(recorded.answerer.coefficients), [], 0
    for count, shot in enumerate(recorded.every, 1):
        about = to.header(shot, _camera(recorded))
        if shot.pose is not None:
            answered += 1
            yield from ((shot, topic, message) for topic, message in _placed(recorded, shot, way).items())
            yield from ((shot, topic, message) for topic, message in _seen(recorded, shot, about).items())
            poses.append(_pose(shot))
        yield shot, '/ttt3r/status', to.status(about, shot, recorded.answerer, answered, count - answered)
    if poses:
        last, cloud = recorded.shots[-1], recorded.cloud()
        placed = Cloud(cloud.points @ to.OPTICAL_TO_BODY.T.astype(np.float32), cloud.colours, cloud.confidence)
        yield last, '/ttt3r/path', to.make(TYPES['/ttt3r/path'], header=to.header(last, ODOMETRY), poses=poses)
        yield last, '/ttt3r/map', to.points(to.header(last, ODOMETRY), placed)


def _placed(recorded: Recorded, shot: Shot, way: Odometry) -> dict[str, object]:
    """Return what a frame says in the odometry frame."""
    pose, about = to.in_odometry(np.array(shot.pose)), to.header(shot, ODOMETRY)
    estimate = way.update(pose, np.eye(4), shot.stamp, shot.confidence_median, shot.segment, tuple(shot.unseen_motion),
                          shot.step, shot.bent)
    if shot.state == TrackingState.DEGRADED.value:
        estimate = estimate.doubted(DOUBT)
    return {'/ttt3r/pose': _pose(shot), '/tf': to.transform(about, _camera(recorded), pose),
            '/ttt3r/odometry': to.odometry(about, _camera(recorded), estimate)}


def _camera(recorded: Recorded) -> str:
    """Return the camera's frame; one that is called as the odometry's would be its own parent."""
    return DEFAULT_FRAME if recorded.frame_id == ODOMETRY else recorded.frame_id


def _pose(shot: Shot) -> object:
    return to.make(TYPES['/ttt3r/pose'], header=to.header(shot, ODOMETRY),
                   pose=to.place(to.in_odometry(np.array(shot.pose))))


def _seen(recorded: Recorded, shot: Shot, about: object) -> dict[str, object]:
    """Return what a frame says in the camera's."""
    messages = {'/ttt3r/points': to.points(about, recorded.points(shot)),
                '/ttt3r/depth/image': to.floats(about, recorded.array('depth', shot)),
                '/ttt3r/confidence/image': to.floats(about, recorded.array('confidence', shot)),
                '/ttt3r/image/compressed': to.picture(about, recorded.image_file(shot).read_bytes())}
    if shot.intrinsics is not None:
        messages['/ttt3r/depth/camera_info'] = to.pinhole(about, shot)
    return messages
