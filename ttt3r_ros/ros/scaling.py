# SPDX-License-Identifier: Apache-2.0
"""The true metre in the model's: given, or estimated from what else the robot knows."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from nav_msgs.msg import Odometry as OdometryMessage
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile, ReliabilityPolicy
from tf_transformations import quaternion_matrix

from ttt3r_ros.reconstruction.depth import on_rays
from ttt3r_ros.reconstruction.fields import FieldError, Fields
from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.reconstruction.rectify import CalibrationError
from ttt3r_ros.reconstruction.scale import (
    SCALES,
    DepthScale,
    FloorScale,
    FocalScale,
    ScaleError,
    ScaleEstimate,
    ScaleEstimator,
    WheelScale,
)
from ttt3r_ros.reconstruction.wheels import LENGTH, WheelTrack
from ttt3r_ros.ros.calibration import Calibration
from ttt3r_ros.ros.conversions import frame_name, nanoseconds
from ttt3r_ros.ros.lasting import Lasting
from ttt3r_ros.ros.log import Log

SOURCES = ('fixed', 'wheels', 'floor', 'focal', 'depth')
REPEAT_S = 10.0  # a trouble that stays is told again after this long
PATIENCE_S = 3.0  # without wheel odometry, before that is told
APART_NS = 1_000_000_000  # stamps of wheels and images, before that is told
UNIT = 0.1  # by how much a quaternion's length may differ from 1
LOSSLESS_LENGTH = 100_000  # poses of the wheels, some 30 MB: a quarter of an hour of 100 Hz
HIGHEST = 100.0  # metres, of a camera
WAITING = 300  # frames whose wheel odometry has not come yet


@dataclass(frozen=True)
class ScaleSettings:
    """factor: metres per metre of the model's, until an estimate is certain enough; source: one of SOURCES; frozen:
    what is in force stays; camera_height: metres above the floor, for 'floor'."""

    factor: float
    source: str
    frozen: bool
    camera_height: float


class Scaling:
    """The scale in force, and the estimate behind it. Wheel odometry comes on the executor's thread, all else is the
    inference thread's."""

    def __init__(self, node: LifecycleNode, log: Log, settings: ScaleSettings, base_frame: str, wheels: str,
                 lossless: bool = False) -> None:
        """Take the source; wheels: the topic of the wheels' odometry, base_frame: the frame whose motion they tell;
        lossless: images wait, and the wheels go on."""
        self._node, self._log = node, log
        self._settings = settings
        self._base_frame = base_frame
        self._factor = settings.factor
        self._estimator = {'wheels': WheelScale, 'focal': FocalScale, 'depth': DepthScale, 'fixed': lambda: None,
                           'floor': lambda: FloorScale(settings.camera_height)}[settings.source]()
        self._wheels = WheelTrack(LOSSLESS_LENGTH if lossless else LENGTH)
        self._waiting: deque[tuple[int, np.ndarray, np.ndarray]] = deque(maxlen=WAITING)
        self._before: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self._subscription = None
        self._focal_told: str | None = None
        self._wheels_came: float | None = None  # the last message, time.monotonic() seconds
        self._first_asked: float | None = None
        self._foreign: str | None = None  # the last frame in wheel odometry that is not the base's
        self._unusable = 0
        self._backward = 0  # messages whose stamp repeats or goes back
        self._problem: str | None = None
        self._without = Lasting()
        if settings.source == 'wheels':
            self._subscription = node.create_subscription(
                OdometryMessage, wheels, self._receive,
                QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT))
        self.apply(settings)

    @property
    def factor(self) -> float:
        """Metres per metre of the model's, from the next frame on."""
        return self._factor

    @property
    def estimate(self) -> ScaleEstimate:
        """What the source says; NaN without one, or while it has not said anything."""
        return ScaleEstimate(np.nan, np.nan, 0, False) if self._estimator is None else self._estimator.estimate

    def apply(self, settings: ScaleSettings) -> None:
        """Take new settings; a changed factor is in force until the next estimate that is certain enough."""
        if settings.factor != self._settings.factor:
            self._factor = settings.factor
        self._settings = settings
        if self._estimator is not None:
            self._estimator.frozen = settings.frozen

    def learn(self, stamp: int, frame: Frame, tracked_from_camera: np.ndarray, up: np.ndarray,
              calibration: Calibration) -> None:
        """Take a frame that was answered: stamp in ns, the mount (4, 4), and up (3,) in the camera's axes."""
        if self._settings.frozen or self._estimator is None:
            return
        if self._settings.source == 'wheels':
            if any(frame.unseen_motion):
                self.break_off()
            self._waiting.append((stamp, frame.pose, tracked_from_camera))
            self._compare()
            why = self._why_no_wheels(stamp)
            self._problem = why if self._without.seen(why is not None) else None
            if self._problem:
                self._log.warning(f'no scale from the wheels: {self._problem}', every=REPEAT_S)
        elif self._settings.source == 'floor':
            self._estimator.add(frame.points, up)
        elif self._settings.source == 'focal':
            try:
                camera, field = calibration.pinhole(frame.pixel_map.original)
                self._estimator.add(camera[0, 0] / frame.pixel_map.to_original(np.eye(3))[0, 0], frame.told_focal)
                if field != self._focal_told:
                    self._focal_told = field
                    self._log.info(
                        f"the scale is told by {field}'s focal length in camera_info, {camera[0, 0]:.1f} pixels: the "
                        f'images are {"rectified" if field == "P" else "raw"}')
            except CalibrationError as error:
                self._log.warning(f'no scale from the focal length: {error}', every=REPEAT_S)
        self._take_over()

    def break_off(self) -> None:
        """Compare no motion over this moment: the path does not tell of it, while the wheels go on."""
        self._waiting.clear()
        self._before = None

    def learn_depth(self, measured: np.ndarray, frame: Frame) -> None:
        """Take the depth (h, w), metres, that a sensor measured at the pixels of a frame, in the model's metres."""
        enough = self._estimator.add(measured, on_rays(frame.points, frame.intrinsics)[1][..., 2], frame.confidence)
        self._problem = None if enough else (
            f'{np.mean(measured > 0):.0%} of the image have a measured depth, too few: is the depth camera covered, or '
            'does what it sees lie beyond its reach?')
        if not enough:
            self._log.warning(f'no scale from depth: {self._problem}', every=REPEAT_S)
        self._take_over()

    def _take_over(self) -> None:
        found = self._estimator.estimate
        if found.accepted:
            self._factor = found.scale

    def about(self) -> dict[str, str | float | int]:
        """Return what ReconstructionStatus says of it."""
        found = self.estimate
        return {'metric_scale_source': self._settings.source, 'metric_scale': self._factor,
                'metric_scale_estimate': float(found.scale), 'metric_scale_deviation': float(found.deviation),
                'metric_scale_samples': found.samples}

    def state(self) -> dict[str, Any]:
        """Return what is remembered, as JSON."""
        return {'source': self._settings.source, 'factor': self._factor, 'camera_height': self._settings.camera_height,
                'estimator': None if self._estimator is None else self._estimator.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned; of another source only the scale itself, and not even that where it was, or
        is, given, or was found by another camera_height. Raises ScaleError."""
        try:
            factor, source, height = self.read(Fields(state, 'scale'))
        except FieldError as error:
            raise ScaleError(f'this is no state of a scale: {error}') from error
        now = self._settings
        holds = 'fixed' not in (source, now.source) and (
            not source == now.source == 'floor' or height in (None, now.camera_height))
        if holds and source == now.source:
            self._estimator.restore(state['estimator'])
        if holds:
            self._factor = factor
        elif factor != self._factor:
            self._log.info(f'the scale is {self._factor:.4g}, not {factor:.4g} as in the saved state: scale, '
                           'scale_source or camera_height are others now')
        self.break_off()
        self.apply(self._settings)

    @staticmethod
    def read(fields: Fields) -> tuple[float, str, float | None]:
        """Return factor, source and camera_height, as `state` told them, None in older ones, all else seen to be sound.
        Raises FieldError."""
        factor, source = fields.number('factor', *SCALES), fields.text('source', SOURCES)
        height = fields.number('camera_height', 0.0, HIGHEST) if 'camera_height' in fields else None
        estimator = fields.none_or(fields.object, 'estimator')
        if estimator is None and source != 'fixed':
            raise FieldError(f'scale.estimator is missing, and the source {source!r} has one')
        if estimator is not None:
            ScaleEstimator.read(estimator)
        fields.end()
        return factor, source, height

    def _receive(self, message: OdometryMessage) -> None:
        if frame_name(message.child_frame_id) != self._base_frame:
            self._foreign = message.child_frame_id
            self._log.error(
                f'wheel odometry is of {message.child_frame_id!r}, not of base_frame {self._base_frame!r}, and is not '
                'used', every=REPEAT_S)
            return
        p, q = message.pose.pose.position, message.pose.pose.orientation
        numbers = np.array([p.x, p.y, p.z, q.x, q.y, q.z, q.w])
        self._wheels_came = time.monotonic()
        if not np.isfinite(numbers).all() or abs(np.linalg.norm(numbers[3:]) - 1) > UNIT:
            self._unusable += 1
            self._log.warning(
                f'{self._unusable} wheel odometry message(s) hold no pose and are left out, the last with position '
                f'{numbers[:3].tolist()} and orientation {numbers[3:].tolist()}', every=REPEAT_S)
            return
        pose = quaternion_matrix(numbers[3:])
        pose[:3, 3] = numbers[:3]
        back = self._wheels.add(nanoseconds(message.header.stamp), pose)
        if back >= 0:
            self._backward += 1
            self._log.warning(
                f'{self._backward} wheel odometry message(s) have a stamp that is not after that of the one before, '
                f'the last by {back / 1e9:.3f} s: do two publishers share {self._subscription.topic_name}, does one '
                'repeat itself, or is it a looped bag?', every=REPEAT_S)

    def _why_no_wheels(self, stamp: int) -> str | None:
        """Return why the wheels tell nothing about an image of this stamp, ns; None if they do, or may yet."""
        now, span = time.monotonic(), self._wheels.span()
        self._first_asked = self._first_asked or now
        if now - self._first_asked < PATIENCE_S:
            return None
        if self._wheels_came is None and self._foreign is not None:
            return (f'what comes on {self._subscription.topic_name} is of {self._foreign!r}, not of base_frame '
                    f'{self._base_frame!r}: make the two the same')
        if self._wheels_came is None:
            return (f'nothing has come on {self._subscription.topic_name}: is the base running, and wheel_odometry '
                    'remapped to its topic?')
        if now - self._wheels_came > PATIENCE_S:
            return f'nothing has come on {self._subscription.topic_name} for {now - self._wheels_came:.0f} s'
        if span is None and self._unusable:
            return f'no message on {self._subscription.topic_name} holds a pose, of {self._unusable} that came'
        apart = 0 if span is None else min(stamp - span[0], 0) or max(stamp - span[1], 0)
        if abs(apart) <= APART_NS:
            return None
        return (f"the wheels' stamps are {abs(apart) / 1e9:.2f} s {'behind' if apart > 0 else 'ahead of'} the images': "
                'the clocks of base and camera have to agree, and both to come in time')

    def diagnosis(self) -> dict[str, str]:
        """Return what the diagnostics say of the source."""
        if self._settings.source == 'depth':
            return {'measured depth': self._problem or 'no problem seen'}
        if self._subscription is None:
            return {}
        return {'wheel odometry': self._problem or 'no problem seen', 'wheel odometry left out': str(self._unusable),
                'wheel odometry out of order': str(self._backward)}

    def _compare(self) -> None:
        """Take the frames that the wheels have reached."""
        while self._waiting and self._wheels.reaches(self._waiting[0][0]):
            stamp, model, mount = self._waiting.popleft()
            base = self._wheels.at(stamp)
            # The camera's way by both: the mount is in true metres, as the wheels are, and no scale enters.
            now = None if base is None else (model, base @ mount, base)
            if now is not None and self._before is not None:
                self._estimator.add(*(np.linalg.inv(b) @ a for b, a in zip(self._before, now, strict=True)))
            self._before = now

    def destroy(self) -> None:
        """Take the subscription off the node."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
