# SPDX-License-Identifier: Apache-2.0
"""From the camera's path to the robot's odometry: the scale, where it begins, the mount, twist and covariance."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ttt3r_ros.reconstruction.fields import MOST_NANOSECONDS, FieldError, Fields
from ttt3r_ros.reconstruction.scale import ScaledPath, ScaleError
from ttt3r_ros.reconstruction.twist import carried, cross, twist
from ttt3r_ros.reconstruction.uncertainty import Coefficients, Observation, Uncertainty, UncertaintyError

DOUBT = 4.0  # times the variances of a pose that is told in doubt


class OdometryError(ValueError):
    """A saved odometry that cannot be read."""


@dataclass(frozen=True)
class Estimate:
    """Where things are in the odometry frame: camera (4, 4), the optical frame; tracked (4, 4), the base or the camera.

    covariance (6, 6): of tracked, x y z rotX rotY rotZ, odometry axes. twist (6,): m/s and rad/s along and about
    tracked's own axes, twist_covariance (6, 6) of it; both None where two poses in time are missing. map_from_odom
    (4, 4): the odometry frame in the map, which closed loops move.
    """

    camera: np.ndarray
    tracked: np.ndarray
    covariance: np.ndarray
    twist: np.ndarray | None
    twist_covariance: np.ndarray | None
    map_from_odom: np.ndarray = field(default_factory=lambda: np.eye(4))

    @property
    def turn_rate_deviation(self) -> float:
        """The standard deviation of the turn rate about one axis, rad/s; infinite where there is no twist."""
        if self.twist_covariance is None:
            return math.inf
        return float(np.sqrt(np.trace(self.twist_covariance[3:, 3:]) / 3))

    def doubted(self, factor: float) -> Estimate:
        """Return it with its variances times a factor."""
        moving = None if self.twist_covariance is None else factor * self.twist_covariance
        return replace(self, covariance=factor * self.covariance, twist_covariance=moving)


class World:
    """A path's world, the first camera's optical axes and the model's metres, in the odometry frame.

    The cameras that share a memory share it. camera_frame: the first camera's name, None before the first frame;
    start (4, 4): its pose in the odometry frame, None until known. placed (4, 4): the map that closed loops correct, in
    the map as somebody has set the robot's pose in it.
    """

    def __init__(self) -> None:
        """Begin without a frame."""
        self.beginnings = 0
        self.start_afresh()

    def start_afresh(self) -> None:
        """Begin again, as before the first frame; `beginnings` counts that, for the cameras that share this."""
        self.beginnings += 1
        self.camera_frame: str | None = None
        self.start: np.ndarray | None = None
        self.placed = np.eye(4)
        self._scaled = ScaledPath()

    def advance(self, pose: np.ndarray, scale: float) -> np.ndarray:
        """Return the pose (4, 4) in metres of the path's next one, `scale` metres to each of the model's from now on.

        Call it once for each frame, whether its pose is told or not.
        """
        return self._scaled.apply(pose, scale)

    def camera(self, scaled: np.ndarray) -> np.ndarray:
        """Return the optical pose (4, 4) in the odometry frame for what `advance` returned."""
        return self.start @ scaled

    def own(self, camera: np.ndarray) -> np.ndarray:
        """Return the path's pose (4, 4) for an optical one in the odometry frame, by the scale now in force."""
        return self._scaled.take_back(np.linalg.inv(self.start) @ camera)

    def map_from_odom(self, correction: np.ndarray, pose: np.ndarray, scaled: np.ndarray, scale: float) -> np.ndarray:
        """Return the odometry frame (4, 4) in the map, for the path's correction (4, 4) at its pose (4, 4).

        scaled: what `advance` returned for that pose; scale: with which. A scale that has changed on the way bends the
        path, so the correction is the one that is right here.
        """
        metres = correction.copy()
        metres[:3, 3] = (scaled[:3, 3] + scale * ((correction @ pose)[:3, 3] - pose[:3, 3])
                         - correction[:3, :3] @ scaled[:3, 3])
        return self.placed @ self.start @ metres @ np.linalg.inv(self.start)

    def move(self, start: np.ndarray, correction: np.ndarray, pose: np.ndarray, scaled: np.ndarray,
             scale: float, *, in_map: bool = False) -> None:
        """Let the path begin elsewhere, start (4, 4), in the odometry frame, and that be where it was in the map, or
        with in_map the path; the others as for map_from_odom."""
        wanted = self.map_from_odom(correction, pose, scaled, scale)
        if in_map:
            wanted = wanted @ self.start @ np.linalg.inv(start)
        self.start = start
        self.placed = wanted @ np.linalg.inv(self.map_from_odom(correction, pose, scaled, scale)) @ self.placed

    def state(self) -> dict[str, Any]:
        """Return what is remembered, as JSON."""
        return {'camera_frame': self.camera_frame, 'start': None if self.start is None else self.start.tolist(),
                'placed': self.placed.tolist(), 'scaled': self._scaled.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned. Raises OdometryError if it cannot be read; then all is as it was."""
        scaled = ScaledPath()
        try:
            fields = Fields(state, 'world')
            camera_frame, start = (fields.none_or(read, name) for read, name in (
                (fields.text, 'camera_frame'), (fields.pose, 'start')))
            # States of before poses could be set have none.
            placed = fields.pose('placed') if 'placed' in fields else np.eye(4)
            scaled.restore(fields.value('scaled'))
            fields.end()
        except (FieldError, ScaleError) as error:
            raise OdometryError(f'this is no state of a World: {error}') from error
        self.camera_frame, self.start, self.placed, self._scaled = camera_frame, start, placed, scaled


class Odometry:
    """The path of one tracked frame; not thread-safe."""

    def __init__(self, coefficients: Coefficients = Coefficients()) -> None:
        """Take the calibration of the covariances."""
        self._uncertainty = Uncertainty(coefficients)
        self._last: tuple[int, np.ndarray] | None = None

    def recalibrate(self, coefficients: Coefficients) -> None:
        """Take another calibration of the covariances for what is still to come."""
        self._uncertainty.recalibrate(coefficients)

    def update(self, camera: np.ndarray, tracked_from_camera: np.ndarray, stamp: int, confidence: float,
               segment: int, unseen_motion: tuple[float, float] = (0.0, 0.0),
               step_covariance: np.ndarray | None = None, lens_doubt: np.ndarray | None = None) -> Estimate:
        """Take the next frame: the optical pose (4, 4) in the odometry frame at a stamp, ns, and what was seen.

        tracked_from_camera (4, 4): the mount. confidence: the frame's median; segment: resets before it. unseen_motion:
        standard deviations, metres and radians, of what was not seen before this frame; with any there is no twist.
        step_covariance (6, 6), lens_doubt (2, 2, 6): as in Frame, of these metres.
        """
        tracked = camera @ np.linalg.inv(tracked_from_camera)
        moving, elapsed = None, None
        if self._last is not None:
            before_ns, before = self._last
            moving = None if any(unseen_motion) else twist(before, before_ns, tracked, stamp)
            elapsed = (stamp - before_ns) / 1e9
        self._last = stamp, tracked
        # The errors are the camera's, and are felt at the end of a lever.
        known = self._uncertainty.update(Observation(camera, confidence, segment, elapsed, unseen_motion,
                                                     step_covariance, lens_doubt))
        lever = np.eye(6)
        lever[:3, 3:] = -cross(tracked[:3, 3] - camera[:3, 3])
        return Estimate(camera, tracked, lever @ known.pose @ lever.T, moving,
                        None if moving is None else carried(known.twist, tracked_from_camera))

    def state(self) -> dict[str, Any]:
        """Return what is remembered, as JSON."""
        return {'last': None if self._last is None else [self._last[0], self._last[1].tolist()],
                'uncertainty': self._uncertainty.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned. Raises OdometryError if it cannot be read; then all is as it was."""
        try:
            fields = Fields(state, 'odometry')
            last = fields.none_or(fields.items, 'last', 2, 2)
            if last is not None:
                last = last.whole('0', -MOST_NANOSECONDS, MOST_NANOSECONDS), last.pose('1')
            uncertainty = fields.value('uncertainty')
            fields.end()
            self._uncertainty.restore(uncertainty)
        except (FieldError, UncertaintyError) as error:
            raise OdometryError(f'this is no state of an Odometry: {error}') from error
        self._last = last
