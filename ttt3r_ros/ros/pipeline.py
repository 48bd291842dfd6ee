# SPDX-License-Identifier: Apache-2.0
"""A frame's way through the node, on the inference thread: stamp, decode, step, publish."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
from rclpy.clock import Clock
from std_msgs.msg import Header

from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.reconstruction.comparison import LeftOut
from ttt3r_ros.reconstruction.depth import on_rays
from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.reconstruction.reconstructor import CannotReset, View
from ttt3r_ros.reconstruction.rectify import CalibrationError
from ttt3r_ros.reconstruction.state_file import Context, StateFileError
from ttt3r_ros.reconstruction.together import Steps
from ttt3r_ros.reconstruction.trajectory import ChainError
from ttt3r_ros.reconstruction.whole_file import FilePath, Writing
from ttt3r_ros.ros.admission import Admission
from ttt3r_ros.ros.calibration import Calibration
from ttt3r_ros.ros.companions import Companions
from ttt3r_ros.ros.conversions import frame_name, nanoseconds
from ttt3r_ros.ros.diagnostics import Counters, Health
from ttt3r_ros.ros.familiarity import Familiarity
from ttt3r_ros.ros.images import ImageError, ImageReader
from ttt3r_ros.ros.imu_turns import ImuTurns
from ttt3r_ros.ros.job import Job
from ttt3r_ros.ros.log import Log
from ttt3r_ros.ros.measured_depth import MeasuredDepth
from ttt3r_ros.ros.memory import Memory, Weights
from ttt3r_ros.ros.outputs import Outputs, told
from ttt3r_ros.ros.parameters import Settings
from ttt3r_ros.ros.reading import Reading
from ttt3r_ros.ros.saved_state import SavedState
from ttt3r_ros.ros.tracker import PoseRefused, Tracker
from ttt3r_ros.ros.tracking_report import TrackingReport
from ttt3r_ros.ros.views import Question, Views

UNTOLD = ('skipped_lazy', 'dropped_device')  # counters of images that no status follows
REPEAT_S = 5.0  # a trouble that stays is told again after this long
ASKED = 'a saved state is being asked whether it is where the images are: call again once poses are told'


@dataclass(frozen=True)
class Senses:
    """What the image topic brings and how it fared: one camera's."""

    calibration: Calibration
    companions: Companions
    turns: ImuTurns | None
    counters: Counters
    health: Health


class Pipeline:
    """Answers the images of one camera, one at a time."""

    def __init__(self, log: Log, clock: Clock, memory: Memory, senses: Senses, tracker: Tracker, outputs: Outputs,
                 settings: Settings, weights: Weights) -> None:
        """Take the parts and the settings in force."""
        self._log, self.name = log, log.name
        self._reconstructor, self._scaling = memory.reconstructor, memory.scaling
        self._gap, self._autosave = memory.gap, memory.autosave
        self.saved = SavedState(log, memory.reconstructor, tracker, memory.autosave, settings.odom_frame,
                                settings.state_file)
        self._calibration, self._companions, self._turns = senses.calibration, senses.companions, senses.turns
        self._measured = MeasuredDepth(senses.companions, memory.scaling)
        self._counters, self._health = senses.counters, senses.health
        self._tracker = tracker
        self._outputs = outputs
        self._settings = settings
        self._weights = weights
        self._images = ImageReader(log, settings.max_image_pixels, memory.reconstructor.reduction)
        self._reading = Reading(self._images, senses.calibration)
        self._admission = Admission(log, clock, memory.gap, senses.counters, senses.health)
        self._report = TrackingReport(log, senses.health, 'several cameras in one memory: nobody judges their poses'
                                      if weights.trained else 'untrained weights: the poses mean nothing')
        self._familiarity = Familiarity(log, senses.health, senses.calibration, weights.trained_on,
                                        memory.reconstructor.forget_lens)
        self._views = Views(memory.reconstructor, tracker, memory.scaling)
        self._last_header: Header | None = None
        self._last_intrinsics: np.ndarray | None = None
        self.beside: list[Pipeline] = []  # of the other cameras of its memory

    def answering(self, job: Job, following: Callable[[], Job | None]) -> Steps[None]:
        """Answer one image: publish what it tells, or count why it tells nothing and leave the memory as it was.

        following: asked for the job that comes after it.
        """
        counters = self._counters
        try:
            header = job.message.header
        except ImageError as error:
            self.refuse(error)
            return
        header.frame_id = frame_name(header.frame_id)
        self._health.resting = self._settings.lazy and not self._outputs.wanted()
        if self._health.resting:
            counters.skipped_lazy += 1
            return
        try:
            # Before its stamp is believed: a broken message with a broken stamp must not end a segment.
            image = self._reading.read(job)
        except (ImageError, CalibrationError) as error:
            self.refuse(error)
            return
        stamp = nanoseconds(header.stamp)
        follows, reset = self._admission.judge(stamp, job.received, image.size, self._settings.lossless)
        if not follows:
            return
        if reset and not self.saved.awaited:
            self._log.info(f'the memory is reset: {reset}')
            self._try_reset()
        self._measured.catch_up()
        mask, depth = self._companions.fetch(header)
        left_out = cache(partial(self._companions.left_out, mask))
        self._familiarity.expect(header.frame_id)
        self._reconstructor.axis = self._calibration.axis(image.size)
        started = time.monotonic()
        try:
            stepped = yield from self._step(image.rgb, header, lambda: self._read_ahead(following()),
                                            lambda pixel_map: left_out(replace(pixel_map, original=image.size)))
            frame = stepped.of_camera(image.size)
        except ValueError as error:
            self.refuse(error)
            return
        except NonFinitePrediction as error:
            counters.dropped_nonfinite += 1
            self._health.not_finite = str(error)
            self._log.error(f'image dropped, the memory is as it was before: the prediction is {error}', every=REPEAT_S)
            return
        inference_ms = (time.monotonic() - started) * 1e3
        self._familiarity.look(frame, left_out(frame.pixel_map))
        frame = own = self._refine(frame, left_out(frame.pixel_map))
        frame, estimate, missing = self._tracker.track(header, frame)
        self._measured.take(depth, header, own)
        if missing:
            self._log.warning(f'no pose and no TF: {missing}', every=REPEAT_S)
        tracking = self._report.tell(frame, stamp, self._settings.when_lost)
        self._outputs.publish_frame(header, frame, estimate, self._settings)
        if frame.trusted:
            self._last_header, self._last_intrinsics = header, frame.intrinsics
        if told(frame, self._settings):
            counters.answered += 1
        else:
            counters.withheld_lost += 1
        self._health.no_pose = missing
        self._health.last_inference_ms = inference_ms
        about = {name: value for name, value in vars(counters).items() if name not in UNTOLD}
        self._outputs.publish_status(
            header, frame, tracking, update_rule=self._reconstructor.rule.name, weights=self._weights.name,
            trained=self._weights.trained, inference_ms=inference_ms,
            latency_ms=(time.monotonic() - job.received) * 1e3, **self._scaling.about(), **about)
        if frame.trusted:
            self.saved.follow(header, estimate)

    def device_failed(self) -> None:
        """Count an image that the device could not answer."""
        self._counters.dropped_device += 1

    def reset(self) -> str:
        """Drop the memory, keep the place; return what happened. Raises one of CannotReset, all as it was."""
        if self.saved.awaited:
            raise ChainError(f'{ASKED}; ~/start_afresh begins without it')
        before = self._reconstructor.segment
        self._reconstructor.reset()
        after = self._reconstructor.segment
        return f'segment {after} begins' if after != before else 'nothing to reset: no frame has been seen'

    def load(self, path: FilePath, snapshot: bytes, context: Context) -> None:
        """Ask the next images about a saved state. Raises StateFileError for one of another network or frame, and where
        cameras share the memory: one would write into what another still asks."""
        if self.beside:
            raise StateFileError('a memory that cameras share cannot be asked about a saved state: set shared_state to '
                                 'false')
        self.saved.resume_from(path, snapshot, context)

    def start_afresh(self, alone: bool = True) -> str:
        """Drop memory, path, map and keyframes and begin again, see Tracker.start_afresh; return what happened.

        The scale that has been found stays.
        """
        self._reconstructor.start_afresh(self._settings.segments.policy())
        where = self._tracker.start_afresh(alone)
        for one in (self, *self.beside):
            one._forget()
        return f'memory, path, map and keyframes are dropped: the next image is {where}'

    def _forget(self) -> None:
        """Drop what is this camera's own of a path that begins again."""
        self.saved.start_afresh()
        self._measured.forget()
        self._last_header = self._last_intrinsics = self._health.tracking = self._health.no_pose = None
        self._outputs.clear()
        if self._settings.map_frame:
            self._outputs.place_odometry(self._tracker.placed, self._settings)

    def set_pose(self, pose: np.ndarray, stamp: int | None, in_odometry: bool) -> str:
        """Put the robot somewhere in the map, see Tracker.set_pose; return what has moved. Raises PoseRefused."""
        if self.saved.awaited:
            raise PoseRefused(ASKED)
        map_from_odom = self._tracker.set_pose(pose, stamp, in_odometry)
        self._outputs.move_map(map_from_odom, self._settings)
        x, y, z = map_from_odom[:3, 3]
        return f'{self._settings.odom_frame} begins at {x:.2f} {y:.2f} {z:.2f} m in {self._settings.map_frame} now'

    def path_to_save(self, target: FilePath) -> Writing:
        """Return what a file of the path is to hold. Raises PathError."""
        return self._outputs.path_to_save(target)

    def map_to_save(self, target: FilePath) -> list[Writing]:
        """Return what the files of map and path are to hold. Raises MapError, PathError."""
        return self._outputs.map_to_save(target)

    def query(self, question: Question) -> tuple[Header, View]:
        """Ask the memory about a view, see Views.ask."""
        return self._views.ask(question, self._last_header, self._last_intrinsics, self._settings.max_query_pixels)

    def clock_went_back(self, now: int) -> None:
        """Reset if the last image lies in the clock's future (now, ns): the images will go back too."""
        if self._admission.clock_went_back(now) and not self.saved.awaited:
            self._log.info('the clock went back (a looped bag?): the memory is reset')
            self._try_reset()

    def apply(self, settings: Settings) -> None:
        """Take new settings from the next frame on."""
        self._reading.forget()
        self._measured.forget()
        if settings.rule != self._settings.rule:
            self._reconstructor.rule = settings.rule
            self._log.info(f'update rule is now {settings.rule}')
        segments = settings.segments
        if segments != self._settings.segments:
            self._reconstructor.policy = segments.policy()
            coefficients, doubt = self._weights.fit.under(segments)
            self._tracker.recalibrate(coefficients)
            if doubt and self._weights.trained:
                self._log.warning(f'the covariances of ~/odometry {doubt}')
        self._scaling.apply(settings.scale)
        if self._reconstructor.monitor is not None:
            self._reconstructor.monitor.bounds = settings.bounds
        if settings.rectify != self._settings.rectify:
            self._reconstructor.forget_lens()
        self._calibration.rectify, self._images.most_pixels = settings.rectify, settings.max_image_pixels
        self._gap.max_gap_s, self._autosave.interval_s = settings.max_gap, settings.autosave_interval
        self._settings = settings

    def state(self) -> dict[str, str]:
        """Return what changes as it runs, for diagnostics."""
        view = self._familiarity.degrees
        return {'update rule': self._reconstructor.rule.name, 'segment': str(self._reconstructor.segment),
                'metres per metre of the model': f'{self._scaling.factor:.4g}',
                'bits in use of 16': str(self._images.bits or 'none seen'),
                'field of view (deg)': 'no camera_info' if view is None else f'{view:.0f}', **self._scaling.diagnosis(),
                **({} if self._turns is None else self._turns.diagnosis())}

    def _read_ahead(self, job: Job | None) -> np.ndarray | None:
        """Return the image of a job whose turn has not come, None if it is another camera's or nothing can be read."""
        return None if job is None or job.pipeline is not self else self._reading.ahead(job)

    def _step(self, image: np.ndarray, header: Header, upcoming: Callable[[], np.ndarray | None],
              left_out: LeftOut) -> Steps[Frame]:
        monitor, turns = self._reconstructor.monitor, self._turns
        if monitor is not None:
            monitor.metres = self._scaling.factor
            if turns is not None:
                monitor.witness = lambda start, end: turns.of(header.frame_id, start, end)
        return self.saved.stepping(image, nanoseconds(header.stamp), upcoming, left_out)

    def _refine(self, frame: Frame, left_out: np.ndarray | None) -> Frame:
        """Return the frame with its points on the rays of camera_info, if that is asked for, and NaN where something is
        left out, bool (h, w)."""
        points, intrinsics = frame.points, frame.intrinsics
        if self._settings.known_intrinsics:
            try:
                intrinsics = self._calibration.on_model(frame.pixel_map)
                points = on_rays(points, intrinsics)[1]
            except CalibrationError as error:
                self._log.warning(f'points and depth are on the rays that the model implies: {error}', every=REPEAT_S)
        if left_out is not None:
            points = np.where(left_out[..., None], np.float32(np.nan), points)
        return replace(frame, points=points, intrinsics=intrinsics)

    def refuse(self, error: ValueError) -> None:
        """Count and tell an image that cannot be read."""
        self._counters.dropped_invalid += 1
        self._health.unreadable = str(error)
        self._log.error(f'image dropped: {error}', every=REPEAT_S)

    def _try_reset(self) -> None:
        try:
            self._reconstructor.reset()
        except CannotReset as error:
            self._log.error(f'the memory could not be reset and goes on as it was: {error}')
