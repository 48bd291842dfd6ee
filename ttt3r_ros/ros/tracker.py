# SPDX-License-Identifier: Apache-2.0
"""A camera's frames in the odometry frame: what has to be known for that, and the pose once it is."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from std_msgs.msg import Header

from ttt3r_ros.reconstruction.fields import FieldError, Fields
from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.reconstruction.gravity import OPTICAL_TO_BODY, GravityError, start_pose
from ttt3r_ros.reconstruction.history import PoseHistory
from ttt3r_ros.reconstruction.odometry import DOUBT, Estimate, Odometry, OdometryError, World
from ttt3r_ros.reconstruction.tracking import TrackingState, unseen_motion
from ttt3r_ros.reconstruction.twist import lengthened, stretched
from ttt3r_ros.reconstruction.uncertainty import Coefficients
from ttt3r_ros.ros.calibration import Calibration
from ttt3r_ros.ros.conversions import nanoseconds
from ttt3r_ros.ros.frames import Frames, FrameUnknown
from ttt3r_ros.ros.level import ImuLevel
from ttt3r_ros.ros.log import Log
from ttt3r_ros.ros.scaling import Scaling
from ttt3r_ros.ros.whereabouts import LONGEST_S, Told, Whereabouts

REPEAT_S = 5.0  # a trouble that stays is told again after this long
UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Start:
    """Where the tracked frame begins in the odometry frame: x y z roll pitch yaw, metres and radians; has_base: the
    tracked frame is a base with REP-103 axes, not an optical one; level: the IMU that decides roll and pitch, if any;
    base: what the robot's other cameras know of a base, which is then where it begins; shared: the path is theirs, too.
    """

    initial_pose: tuple[float, ...]
    has_base: bool
    level: ImuLevel | None
    base: Whereabouts
    shared: bool = False


class PoseRefused(ValueError):
    """A pose that cannot be set; the message says why and what to do."""


class Tracker:
    """One camera's way in the odometry frame; the inference thread's."""

    def __init__(self, log: Log, frames: Frames, world: World, scaling: Scaling, calibration: Calibration, start: Start,
                 odom_frame: str, map_frame: str, coefficients: Coefficients) -> None:
        """Take the parts; world and scaling are shared by cameras that share a memory. map_frame: empty for none."""
        self._log = log
        self._frames = frames
        self._world = world
        self._scaling = scaling
        self._calibration = calibration
        self._start = start
        self._odom_frame, self._map_frame = odom_frame, map_frame
        self._coefficients = coefficients
        self._begin_odometry()
        if start.has_base:
            start.base.join(self._tell)

    def track(self, header: Header, frame: Frame) -> tuple[Frame, Estimate | None, str | None]:
        """Return the next frame in true metres, its place in the odometry frame, and why there is none.

        Without a camera's mount, or before the IMU has said where up is, only what is in the camera's own frame can
        be told: none is invented. A frame that is not trusted leaves no trace here.
        """
        if frame.trusted:
            return self._follow(header, frame)
        shadow = copy(self)
        shadow._world, shadow._odometry = deepcopy(self._world), deepcopy(self._odometry)
        return shadow._follow(header, frame)

    def _begin_odometry(self) -> None:
        self._odometry, self._history = Odometry(self._coefficients), PoseHistory()
        self._last: Estimate | None = None
        self._camera: str | None = None  # the last image's frame
        self._names_world = False  # the path began with an image of this camera
        self._restored = False  # it was saved, and lies where the other cameras have the base
        self._beginning = self._world.beginnings

    def _follow(self, header: Header, frame: Frame) -> tuple[Frame, Estimate | None, str | None]:
        if self._beginning != self._world.beginnings:  # another camera of this world may have been asked
            self._begin_odometry()
        factor = self._scaling.factor
        if self._world.camera_frame is None or self._names_world and self._world.start is None:
            self._world.camera_frame, self._names_world = header.frame_id, True
        scaled = replace(frame, pose=self._world.advance(frame.pose, factor),
                         points=frame.points if factor == 1 else frame.points * np.float32(factor))
        step, doubt = stretched(frame.step_covariance, factor), lengthened(frame.lens_doubt, factor)
        unseen = frame.unseen_motion[0] * factor, frame.unseen_motion[1]
        stamp = nanoseconds(header.stamp)
        try:
            mount = self._frames.mount(header.frame_id)
            if self._camera not in (None, header.frame_id):
                unseen = self._rename(header.frame_id, stamp)
                if self._last is not None and self._start.has_base and not self._start.shared:
                    self._world.move(self._last.tracked @ mount @ np.linalg.inv(scaled.pose), frame.correction,
                                     frame.pose, scaled.pose, factor)
            if self._world.start is None or self._restored:
                others = self._start.base.at(stamp)
                if others is not None:
                    start = others.place @ mount @ np.linalg.inv(scaled.pose)
                    if self._restored:  # what the state knows of the map is of its own odometry
                        self._world.move(start, frame.correction, frame.pose, scaled.pose, factor, in_map=True)
                    else:
                        self._world.start = start
                    unseen = others.unseen(self._start.base.bounds)
                    if frame.trusted:
                        self._log.info(f'{self._odom_frame} is where {others}')
                elif self._world.start is None:
                    self._world.start = self._begin(header, scaled.pose)
                self._restored = False
        except (FrameUnknown, GravityError) as error:
            return scaled, None, str(error)
        tracked = self._frames.tracked_frame(header.frame_id)
        for parameter, above in (('odom_frame', self._odom_frame), ('map_frame', self._map_frame)):
            if tracked == above:
                return scaled, None, (f'the images are in the frame {tracked!r}, which {parameter} is, too, and TF '
                                      f'would go round in a circle: set {parameter} to another name')
        estimate = replace(
            self._odometry.update(self._world.camera(scaled.pose), mount, stamp, frame.confidence_median,
                                  frame.segment, unseen, step, doubt),
            map_from_odom=self._world.map_from_odom(frame.correction, frame.pose, scaled.pose, factor))
        if frame.trusted:
            self._camera = header.frame_id
            self._history.add(stamp, estimate.tracked)
            self._scaling.learn(stamp, frame, mount, estimate.camera[:3, :3].T @ UP, self._calibration)
        self._last = estimate
        if frame.tracking is not None and frame.tracking.state is TrackingState.DEGRADED:
            estimate = estimate.doubted(DOUBT)
        return scaled, estimate, None

    def _rename(self, camera: str, stamp: int) -> tuple[float, float]:
        """Tell that the images are in another frame: a base stays where it was, whether the camera is another one or
        has another name. Return the standard deviations of where it may be at a stamp, ns, m and rad."""
        self._log.warning(f'the images are in the frame {camera!r} now, no longer in {self._camera!r}: one camera has '
                          'one name, another has a topic of its own (cameras)', every=REPEAT_S)
        self._scaling.break_off()
        apart = self._history.apart(stamp)
        return unseen_motion(None if apart is None else apart / 1e9, self._start.base.bounds)

    def _tell(self, stamp: int) -> Told | None:
        """Return what is known of the base at a stamp, ns."""
        apart = self._history.apart(stamp)
        if apart is None or self._beginning != self._world.beginnings:
            return None
        base = self._history.at(stamp)
        return Told(self._log.name, self._history.first if base is None else base, self._last,
                    min(apart / 1e9, LONGEST_S), base is not None, len(self._history) == 1)

    def recalibrate(self, coefficients: Coefficients) -> None:
        """Take another calibration of the covariances from the next frame on."""
        self._coefficients = coefficients
        self._odometry.recalibrate(coefficients)

    def start_afresh(self, alone: bool) -> str:
        """Begin the odometry again, at the initial pose, or where the robot's other cameras have the base by then, and
        in the map, too, unless they begin with this one (alone False); return which. The metres that have been found
        stay."""
        now = None if self._last is None else self._last.map_from_odom
        self._world.start_afresh()
        self._begin_odometry()
        self._scaling.break_off()
        others = self._start.base.at(0) if alone else None
        if others is None:
            return 'at the initial pose'
        if now is not None:
            self._world.placed = now
        return f'where {others.camera} has the base'

    @property
    def placed(self) -> np.ndarray:
        """The odometry frame (4, 4) in the map, where no loop has moved it."""
        return self._world.placed

    def set_pose(self, pose: np.ndarray, stamp: int | None, in_odometry: bool) -> np.ndarray:
        """Put the robot at a pose (4, 4) in the map, of body axes, at a stamp, ns; return odometry in the map (4, 4).

        stamp None: at the last image. in_odometry: the pose is in the odometry frame, as it lies in the map now. Raises
        PoseRefused before there is a pose, or for a stamp that is forgotten; then all is as it was.
        """
        if self._last is None or self._beginning != self._world.beginnings:
            raise PoseRefused('there is no pose yet that could be set: send images first')
        tracked = self._last.tracked if stamp is None else self._history.at(stamp)
        if tracked is None:
            raise PoseRefused('its stamp lies before what is remembered of the way: give a later one, or 0 for the '
                              'last image')
        now = self._last.map_from_odom
        turned = np.eye(4)
        if not self._start.has_base:
            turned[:3, :3] = OPTICAL_TO_BODY
        wanted = (now if in_odometry else np.eye(4)) @ pose @ turned
        map_from_odom = wanted @ np.linalg.inv(tracked)
        self._world.placed = map_from_odom @ np.linalg.inv(now) @ self._world.placed
        self._last = replace(self._last, map_from_odom=map_from_odom)
        return map_from_odom

    def own(self, camera: np.ndarray) -> np.ndarray | None:
        """Return the path's pose (4, 4) for an optical one in the odometry frame, None while that is not known."""
        return None if self._world.start is None else self._world.own(camera)

    def state(self) -> dict[str, Any]:
        """Return what is remembered, as JSON."""
        return {'world': self._world.state(), 'odometry': self._odometry.state(), 'scale': self._scaling.state()}

    @staticmethod
    def check(state: dict[str, Any]) -> None:
        """Say whether `restore` can take a state. Raises OdometryError or ScaleError if not."""
        try:
            fields = Fields(state, 'odometry')
            World().restore(fields.value('world'))
            Odometry().restore(fields.value('odometry'))
            Scaling.read(fields.object('scale'))
            fields.end()
        except FieldError as error:
            raise OdometryError(f'it holds no odometry: {error}') from error

    def restore(self, state: dict[str, Any], camera: str) -> str:
        """Go on from what `state` returned, of images in a camera's frame, and return where: with the base where the
        robot's other cameras have it, if they have begun, as no odometry jumps. Raises OdometryError or ScaleError if
        it cannot be read."""
        self._world.restore(state['world'])
        self._history.forget()
        self._last = None
        self._camera = camera or None
        self._odometry.restore(state['odometry'])
        self._scaling.restore(state['scale'])
        others = self._start.base.at(0)
        if others is None:
            return 'in the odometry frame of the saved state'
        self._begin_odometry()
        self._restored = self._world.start is not None
        return f'where {others.camera} has the base'

    def _begin(self, header: Header, pose: np.ndarray) -> np.ndarray:
        """Return the first camera's pose (4, 4) in the odometry frame. Raises FrameUnknown, GravityError."""
        start, up = self._start, None
        mount = self._frames.mount(self._world.camera_frame)
        if start.level is not None:
            up = start.level.up(nanoseconds(header.stamp))
            turn = self._frames.fixed(header.frame_id, start.level.frame_id)[:3, :3]
            # The path says how the camera has turned since the first frame.
            up = mount[:3, :3] @ pose[:3, :3] @ turn @ up
        return start_pose(start.initial_pose, np.eye(3) if start.has_base else OPTICAL_TO_BODY, up) @ mount
