# SPDX-License-Identifier: Apache-2.0
"""An image's answer beside the last frame: how like both images are, where the step leads, and is it to be trusted?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ttt3r_ros.reconstruction.eye import Look, Prepared
from ttt3r_ros.reconstruction.place import Place
from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.sight import Sight
from ttt3r_ros.reconstruction.step_refinement import Step
from ttt3r_ros.reconstruction.tracking import DOUBTED_LIKENESS, Tracking, TrackingMonitor

LeftOut = Callable[[PixelMap], np.ndarray | None]


@dataclass(frozen=True)
class Comparison:
    """What there is to say of an image that was answered; alike, tracking, unseen: Frame's.

    place: from which it is told, with the step set right where it is trusted. step: there, None where nobody asks the
    images for one.
    """

    place: Place
    alike: float | None
    step: Step | None
    tracking: Tracking | None
    unseen: tuple[float, float]

    @property
    def trusted(self) -> bool:
        """Whether it may be written."""
        return self.tracking is None or self.tracking.trusted


@dataclass(frozen=True)
class Answer:
    """An image and what the network makes of it; sight: the image by itself, None without a monitor; stamp: ns, None
    where it has none. left_out: asked for the pixels by which no step is set right, see Reconstructor.step."""

    prepared: Prepared
    look: Look
    sight: Sight | None
    stamp: int | None
    left_out: LeftOut | None

    def beside(self, place: Place, monitor: TrackingMonitor | None, refines: bool, compares: bool) -> Comparison:
        """Return how it lies beside a place's last frame; the monitor, if there is one, takes it for the next.

        refines: the step is set right by the images. compares: the likeness is wanted without a monitor, too.
        """
        alike, refined, step = None, place, None
        if place.image is not None and (monitor is not None or compares):
            alike = place.likeness(self.prepared, self.look.seen, self.sight and self.sight.grey)
        if refines and (self.sight is None or self.sight.fault is None):
            refined, step = self._refined(place, monitor)
        tracking = None if self.sight is None else self._judged(place, monitor, alike, step)
        if tracking is None or tracking.trusted:
            return Comparison(refined, alike, step, tracking, (0.0, 0.0))
        return Comparison(place, alike, step, tracking, monitor.unseen_motion(self.stamp))

    def _refined(self, place: Place, monitor: TrackingMonitor | None) -> tuple[Place, Step | None]:
        asked = self.left_out is not None and place.lens.focal_of(self.prepared.pixel_map) is not None
        return place.refined(self.prepared, self.look.seen,
                             lambda step: monitor is None or monitor.allows(step, self.stamp),
                             self.left_out(self.prepared.pixel_map) if asked else None)

    def _judged(self, place: Place, monitor: TrackingMonitor, alike: float | None, step: Step | None) -> Tracking:
        if self.sight.fault is not None:
            return monitor.blind(self.sight, self.stamp)
        if step is not None and alike < DOUBTED_LIKENESS and monitor.bears_out(step.pose, self.stamp):
            alike = place.likeness(self.prepared, place.at_end_of(step, self.look.seen), self.sight.grey)
        return monitor.judge(self.sight, place.evidence(self.look, alike, step), self.stamp)
