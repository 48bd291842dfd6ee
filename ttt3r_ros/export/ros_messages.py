# SPDX-License-Identifier: Apache-2.0
"""What the node would have said of a run's frames, as messages of ROS 2 that need no ROS.

Poses are in `odom`, REP-103 (x where the first camera looks, y left, z up), as a node's with its defaults; clouds,
depth and images in the camera's optical frame, the map in `odom`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from scipy.spatial.transform import Rotation

from ttt3r_ros.export.forms import ExportError
from ttt3r_ros.reconstruction.gravity import OPTICAL_TO_BODY
from ttt3r_ros.sequences.sequence import NANOSECONDS

if TYPE_CHECKING:
    from ttt3r_ros.offline.recording import Answerer, Shot
    from ttt3r_ros.reconstruction.cloud import Cloud
    from ttt3r_ros.reconstruction.odometry import Estimate

STORE = get_typestore(Stores.ROS2_JAZZY)
ODOMETRY = 'odom'
STATUS = 'ttt3r_ros/msg/ReconstructionStatus'
POINT = np.dtype([(name, '<f4') for name in ('x', 'y', 'z', 'rgb', 'confidence')])
FLOAT32 = 7  # of PointField
UNKNOWN = 1e6  # variance of a twist that is not known
UNJUDGED = 'degraded', 'nobody judged it'


def define_status() -> None:
    """Let STORE know the node's own message.

    Its definition lies in msg of a clone, and in share/ttt3r_ros/msg of what colcon and pip install.
    """
    if STATUS in STORE.types:
        return
    places = (parent / part / 'ReconstructionStatus.msg' for parent in Path(__file__).resolve().parents
              for part in ('msg', 'share/ttt3r_ros/msg'))
    definition = next(place for place in places if place.is_file())
    STORE.register(get_types_from_msg(definition.read_text(), STATUS))


def make(kind: str, **fields: object) -> object:
    """Return a message of a type such as nav_msgs/msg/Path; all fields must be given."""
    return STORE.types[kind](**fields)


def stamp(nanoseconds: int) -> object:
    """Return a time. Raises ExportError for one whose seconds are no int32."""
    seconds, rest = divmod(nanoseconds, NANOSECONDS)
    if not -2**31 <= seconds < 2**31:
        raise ExportError(f'the stamp {nanoseconds} ns is no time that a message can have (1901 to 2038); correct the '
                          'stamps of the source')
    return make('builtin_interfaces/msg/Time', sec=seconds, nanosec=rest)


def header(shot: Shot, frame_id: str) -> object:
    """Return a header with a frame's stamp."""
    return make('std_msgs/msg/Header', frame_id=frame_id, stamp=stamp(shot.stamp))


def in_odometry(pose: np.ndarray) -> np.ndarray:
    """Return a pose (4, 4) in the path's world as one in `odom`."""
    turned = np.eye(4)
    turned[:3] = OPTICAL_TO_BODY @ pose[:3]
    return turned


def place(pose: np.ndarray) -> object:
    """Return pose (4, 4) as a Pose."""
    return make('geometry_msgs/msg/Pose', position=make('geometry_msgs/msg/Point', **_axes(pose[:3, 3])),
                orientation=_turn(pose))


def transform(about: object, child: str, pose: np.ndarray) -> object:
    """Return pose (4, 4) of a frame in the header's, for /tf."""
    found = make('geometry_msgs/msg/Transform', rotation=_turn(pose),
                 translation=make('geometry_msgs/msg/Vector3', **_axes(pose[:3, 3])))
    return make('tf2_msgs/msg/TFMessage', transforms=[make(
        'geometry_msgs/msg/TransformStamped', header=about, child_frame_id=child, transform=found)])


def odometry(about: object, child: str, estimate: Estimate) -> object:
    """Return an estimate; a twist that is not known is 0 with the variance UNKNOWN."""
    moving, variance = estimate.twist, estimate.twist_covariance
    if moving is None:
        moving, variance = np.zeros(6), UNKNOWN * np.eye(6)
    linear, angular = (make('geometry_msgs/msg/Vector3', **_axes(part)) for part in (moving[:3], moving[3:]))
    return make('nav_msgs/msg/Odometry', header=about, child_frame_id=child,
                pose=make('geometry_msgs/msg/PoseWithCovariance', pose=place(estimate.tracked),
                          covariance=estimate.covariance.reshape(-1)),
                twist=make('geometry_msgs/msg/TwistWithCovariance', covariance=variance.reshape(-1),
                           twist=make('geometry_msgs/msg/Twist', linear=linear, angular=angular)))


def status(about: object, shot: Shot, answerer: Answerer, answered: int, withheld: int) -> object:
    """Return what is known of a frame; answered, withheld: frames with and without a pose, this one counted.

    What only a live node has (latency, losses, an estimate of the metre) is NaN or 0.
    """
    state, reason = UNJUDGED if shot.state is None else (shot.state, shot.reason)
    return make(
        STATUS, header=about, update_rule=answerer.rule, weights=answerer.weights, trained=answerer.trained,
        segment=shot.segment, loop_closures=0, frame=answered + withheld - 1, received=answered + withheld,
        answered=answered, withheld_lost=withheld, dropped_overrun=0, dropped_stamp=0, dropped_invalid=0,
        dropped_nonfinite=0, lost_in_transport=0, tracking=state, tracking_reason=reason,
        tracking_since=stamp(shot.since or 0), gate_mean=shot.gate_mean, gate_std=shot.gate_std,
        gate_min=shot.gate_min, gate_max=shot.gate_max, confidence_mean=shot.confidence_mean,
        confidence_median=shot.confidence_median,
        focal_length=np.nan if shot.intrinsics is None else shot.intrinsics[0][0], inference_ms=1e3 * shot.step_s,
        latency_ms=np.nan, scale=shot.scale, metric_scale_source='fixed', metric_scale=1.0,
        metric_scale_estimate=np.nan, metric_scale_deviation=np.nan, metric_scale_samples=0)


def floats(about: object, values: np.ndarray) -> object:
    """Return values (h, w) as a 32FC1 image."""
    height, width = values.shape
    return make('sensor_msgs/msg/Image', header=about, height=height, width=width, encoding='32FC1', is_bigendian=0,
                step=4 * width, data=np.ascontiguousarray(values, '<f4').view(np.uint8).reshape(-1))


def picture(about: object, png: bytes) -> object:
    """Return a PNG file as an image."""
    return make('sensor_msgs/msg/CompressedImage', header=about, format='png', data=np.frombuffer(png, np.uint8))


def points(about: object, cloud: Cloud) -> object:
    """Return a flat cloud with the fields of the node's ~/points."""
    records = np.empty(len(cloud.points), POINT)
    for i, axis in enumerate('xyz'):
        records[axis] = cloud.points[:, i]
    red, green, blue = cloud.colours.T.astype('<u4')
    records['rgb'], records['confidence'] = ((red << 16) | (green << 8) | blue).view('<f4'), cloud.confidence
    fields = [make('sensor_msgs/msg/PointField', name=name, offset=POINT.fields[name][1], datatype=FLOAT32, count=1)
              for name in POINT.names]
    return make('sensor_msgs/msg/PointCloud2', header=about, height=1, width=len(records), fields=fields,
                is_bigendian=False, point_step=POINT.itemsize, row_step=records.nbytes,
                data=records.view(np.uint8).reshape(-1), is_dense=True)


def pinhole(about: object, shot: Shot) -> object:
    """Return the pinhole of depth, confidence and image, which must be known."""
    intrinsics = np.array(shot.intrinsics)
    region = make('sensor_msgs/msg/RegionOfInterest', x_offset=0, y_offset=0, height=0, width=0, do_rectify=False)
    return make('sensor_msgs/msg/CameraInfo', header=about, height=shot.size[1], width=shot.size[0],
                distortion_model='plumb_bob', d=np.zeros(5), k=intrinsics.reshape(-1), r=np.eye(3).reshape(-1),
                p=np.hstack([intrinsics, np.zeros((3, 1))]).reshape(-1), binning_x=0, binning_y=0, roi=region)


def _turn(pose: np.ndarray) -> object:
    found = Rotation.from_matrix(pose[:3, :3]).as_quat()
    found = found if found[3] >= 0 else -found  # as the node has it: one sign all along
    return make('geometry_msgs/msg/Quaternion', **dict(zip('xyzw', map(float, found), strict=True)))


def _axes(values: np.ndarray) -> dict[str, float]:
    return dict(zip('xyz', map(float, values), strict=True))
