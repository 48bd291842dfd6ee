# SPDX-License-Identifier: Apache-2.0
"""`~/query_view`: what the memory shows of a place where no camera was."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sensor_msgs.msg import PointField
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header
from tf_transformations import quaternion_matrix

from ttt3r_ros.model.config import PATCH_SIZE
from ttt3r_ros.reconstruction.frame import View
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.rectify import CalibrationError, pinhole_of
from ttt3r_ros.ros.conversions import to_depth_image
from ttt3r_ros.ros.scaling import Scaling
from ttt3r_ros.ros.tracker import Tracker
from ttt3r_ros.srv import QueryView

FIELDS = [PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
          for i, name in enumerate(('x', 'y', 'z', 'confidence'))]
CALIBRATED = 'give a calibrated camera, or width 0'
LARGEST = 2048  # pixels a side: more would only hold up the camera


class QueryError(ValueError):
    """A view that cannot be asked for; the message names the field."""


@dataclass(frozen=True)
class Question:
    """pose (4, 4): the camera's optical frame in the odometry frame. intrinsics (3, 3) and size (h, w), multiples of
    16; both None: those of the model's last image."""

    pose: np.ndarray
    intrinsics: np.ndarray | None = None
    size: tuple[int, int] | None = None


class Views:
    """Asks the memory of one camera; the inference thread."""

    def __init__(self, reconstructor: Reconstructor, tracker: Tracker, scaling: Scaling) -> None:
        """Take the memory, what knows where its frame lies in the odometry's, and the true scale."""
        self._reconstructor, self._tracker, self._scaling = reconstructor, tracker, scaling

    def ask(self, question: Question, header: Header | None, intrinsics: np.ndarray | None,
            most_pixels: int) -> tuple[Header, View]:
        """Return the view, and the header of the last image that the memory has seen.

        header, intrinsics (3, 3): of that image, None before the first. Raises QueryError, RayMapError,
        NonFinitePrediction.
        """
        self._reconstructor.require_ray_map()  # first: what the other refusals ask for would not help
        height, width = question.size or (0, 0)
        if height * width > most_pixels:
            raise QueryError(f'camera_info asks for {width}×{height} pixels, and {most_pixels} are answered, as the '
                             'camera waits meanwhile: ask for fewer, or set max_query_pixels')
        if header is None:
            raise QueryError('the memory has seen no frame yet: send images first')
        pose = self._tracker.own(question.pose)
        if pose is None:
            raise QueryError('the odometry frame is not known yet: the log says what it waits for')
        if question.intrinsics is not None:
            intrinsics = question.intrinsics
        if not np.isfinite(intrinsics).all():
            raise QueryError('the focal length of the last image is not known: give camera_info')
        view = self._reconstructor.query(pose, intrinsics, question.size)
        return header, replace(view, points=view.points * np.float32(self._scaling.factor))


def answer_query(response: QueryView.Response, header: Header, view: View) -> None:
    """Fill the response with a view; header: of the last image that the memory has seen."""
    response.depth = to_depth_image(header, view.points[..., 2])
    response.confidence = to_depth_image(header, view.confidence)
    height, width = view.confidence.shape
    cloud = np.concatenate((view.points, view.confidence[..., None]), -1).astype(np.float32).reshape(-1, 4)
    response.points = point_cloud2.create_cloud(header, FIELDS, cloud)
    response.points.height, response.points.width = height, width
    response.points.row_step = width * response.points.point_step


def question(request: QueryView.Request) -> Question:
    """Return what is asked. Raises QueryError."""
    p, q, info = request.pose.position, request.pose.orientation, request.camera_info
    orientation = np.array([q.x, q.y, q.z, q.w])
    if not (np.isfinite(orientation).all() and np.isfinite([p.x, p.y, p.z]).all()):
        raise QueryError('pose is not finite')
    if abs(np.linalg.norm(orientation) - 1) > 0.01:
        raise QueryError(f'pose.orientation has the length {np.linalg.norm(orientation):.3g}, not 1: '
                         'give a unit quaternion')
    pose = quaternion_matrix(orientation)
    pose[:3, 3] = p.x, p.y, p.z
    if info.width == 0:
        return Question(pose)
    if max(info.width, info.height) > LARGEST or min(info.width, info.height) < PATCH_SIZE:
        raise QueryError(f'camera_info asks for {info.width}×{info.height} pixels: take {PATCH_SIZE} to {LARGEST} '
                         'a side')
    try:
        intrinsics = pinhole_of('camera_info.k', info.k, CALIBRATED)
    except CalibrationError as error:
        raise QueryError(str(error)) from error
    return Question(pose, intrinsics, tuple(side // PATCH_SIZE * PATCH_SIZE for side in (info.height, info.width)))
