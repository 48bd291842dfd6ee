# SPDX-License-Identifier: Apache-2.0
"""A frame's way through the node, on the inference thread: stamp, decode, step, publish."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CompressedImage, Image

from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.reconstruction.reconstructor import CannotReset, Reconstructor
from ttt3r_ros.ros.conversions import ImageError, nanoseconds, to_rgb
from ttt3r_ros.ros.diagnostics import Counters, Health
from ttt3r_ros.ros.outputs import Outputs
from ttt3r_ros.ros.parameters import Settings
from ttt3r_ros.ros.stamps import StampOrder, Verdict

REPEAT_S = 5.0  # a trouble that stays is told again after this long


@dataclass(frozen=True)
class Job:
    """An image message and when it was received, time.monotonic() seconds."""

    message: Image | CompressedImage
    received: float


class Pipeline:
    """Answers images, one at a time."""

    def __init__(self, node: LifecycleNode, reconstructor: Reconstructor, outputs: Outputs, counters: Counters,
                 health: Health, settings: Settings, weights: str, trained: bool) -> None:
        """Take the parts and the settings in force."""
        self._log = node.get_logger()
        self._reconstructor = reconstructor
        self._outputs = outputs
        self._counters = counters
        self._health = health
        self._settings = settings
        self._weights = weights
        self._trained = trained
        self._stamps = StampOrder()

    def answer(self, job: Job) -> None:
        """Answer one image: publish what it tells, or count why it tells nothing and leave the memory as it was."""
        header, counters = job.message.header, self._counters
        if self._settings.lazy and not self._outputs.wanted():
            counters.skipped_lazy += 1
            return
        try:
            # Before its stamp is believed: a broken message with a broken stamp must not end a segment.
            image = to_rgb(job.message)
        except ImageError as error:
            self._refuse(error)
            return
        verdict = self._stamps.judge(nanoseconds(header.stamp))
        if verdict is Verdict.STALE:
            counters.dropped_stamp += 1
            self._health.problem = 'its stamp does not increase'
            self._log.warning(f'image dropped: its stamp {nanoseconds(header.stamp)} ns is not after the last, '
                              f'{self._stamps.last} ns; do two cameras share the topic?',
                              throttle_duration_sec=REPEAT_S)
            return
        if verdict is Verdict.LOOPED:
            self._log.info('image stamps went back (a looped bag?): the memory is reset')
            self._try_reset()
        started = time.monotonic()
        try:
            frame = self._reconstructor.step(image)
        except ValueError as error:
            self._refuse(error)
            return
        except NonFinitePrediction as error:
            counters.dropped_nonfinite += 1
            self._health.problem = str(error)
            self._log.error(f'image dropped, the memory is as it was before: the prediction is {error}',
                            throttle_duration_sec=REPEAT_S)
            return
        inference_ms = (time.monotonic() - started) * 1e3
        missing = self._outputs.publish_frame(header, frame, self._settings.odom_frame, self._settings.publish_tf)
        if missing:
            self._log.warning(f'no pose and no TF: {missing}', throttle_duration_sec=REPEAT_S)
        counters.answered += 1
        self._health.problem = self._health.no_pose = missing
        self._health.last_inference_ms = inference_ms
        about = {name: value for name, value in vars(counters).items() if name != 'skipped_lazy'}
        self._outputs.publish_status(
            header, frame, update_rule=self._reconstructor.rule.name, weights=self._weights, trained=self._trained,
            inference_ms=inference_ms, latency_ms=(time.monotonic() - job.received) * 1e3, **about)

    def reset(self) -> str:
        """Drop the memory, keep the place; return what happened. Raises one of CannotReset, all as it was."""
        before = self._reconstructor.segment
        self._reconstructor.reset()
        after = self._reconstructor.segment
        return f'segment {after} begins' if after != before else 'nothing to reset: no frame has been seen'

    def clock_went_back(self, now: int) -> None:
        """Reset if the last image lies in the clock's future (now, ns): the images will go back too."""
        if self._stamps.last is not None and self._stamps.last > now:
            self._log.info('the clock went back (a looped bag?): the memory is reset')
            self._stamps.forget()
            self._try_reset()

    def apply(self, settings: Settings) -> None:
        """Take new settings from the next frame on."""
        if settings.rule != self._settings.rule:
            self._reconstructor.rule = settings.rule
            self._log.info(f'update rule is now {settings.rule}')
        self._reconstructor.reset_interval = settings.reset_interval
        self._settings = settings

    def state(self) -> dict[str, str]:
        """Return what changes as it runs, for diagnostics."""
        return {'update rule': self._reconstructor.rule.name, 'segment': str(self._reconstructor.segment)}

    def _refuse(self, error: ValueError) -> None:
        self._counters.dropped_invalid += 1
        self._health.problem = str(error)
        self._log.error(f'image dropped: {error}', throttle_duration_sec=REPEAT_S)

    def _try_reset(self) -> None:
        try:
            self._reconstructor.reset()
        except CannotReset as error:
            self._log.error(f'the memory could not be reset and goes on as it was: {error}')
