# SPDX-License-Identifier: Apache-2.0
"""What one image told, and what the memory shows of a view that no image told of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.tracking import Tracking


@dataclass(frozen=True)
class GateStatistics:
    """The gate over all state tokens: how much of the proposed state was written."""

    mean: float
    std: float
    low: float
    high: float


@dataclass(frozen=True)
class Frame:
    """What one image told.

    pose (4, 4) float64: camera-to-world, world = the first camera of the first segment, optical axes, metres.
    points (h, w, 3) float32: metres in the camera frame. confidence (h, w) float32: at least 1;
    confidence_median: its own.
    intrinsics, original_intrinsics (3, 3) float64: of the model's image and of the camera's, by the focal length that
    all images so far tell (focal.py), or where nobody asks them by told_focal: that of this answer alone, pixels of the
    model's image, NaN where its points allow none. image (h, w, 3) uint8: the model's image. pixel_map: where it lies
    in the camera's. scale: the segment's scale in the path.
    index: frames answered before this one; segment: resets before this one.
    correction (4, 4): the path's world in the map, `correction @ pose` is the pose without the drift that loop closures
    found; loop_closures: how many.
    likeness: of the image and the last one that was written, laid on each other (likeness.mutual_likeness), None where
    nobody compares them.
    tracking: whether the pose is to be trusted, None where nobody judges. unseen_motion: standard deviations, metres
    and radians, of how the camera may have moved since it was last trusted: where it is not, and where it begins anew.
    step_covariance (6, 6): of the step from the last frame by least squares (step_refinement.Step), None where nobody
    looked for one. lens_doubt (2, 2, 6): of the pose and of that step two deviations each, shift, m, and turn, rad, in
    this camera's axes: what a lens that bends lines may have done to them (lens_bending.Bent), to a step that is not
    known nothing; None where nobody asks the images.
    """

    pose: np.ndarray
    points: np.ndarray
    confidence: np.ndarray
    confidence_median: float
    intrinsics: np.ndarray
    original_intrinsics: np.ndarray
    told_focal: float
    image: np.ndarray
    pixel_map: PixelMap
    gate: GateStatistics
    scale: float
    segment: int
    index: int
    correction: np.ndarray
    loop_closures: int
    likeness: float | None = None
    tracking: Tracking | None = None
    unseen_motion: tuple[float, float] = (0.0, 0.0)
    step_covariance: np.ndarray | None = None
    lens_doubt: np.ndarray | None = None

    @property
    def trusted(self) -> bool:
        """Whether the pose may be told as the camera's."""
        return self.tracking is None or self.tracking.trusted

    def of_camera(self, size: tuple[int, int]) -> Frame:
        """Return the same for a camera's image of size (H, W), which came smaller by a whole factor."""
        if size == self.pixel_map.original:
            return self
        pixel_map = replace(self.pixel_map, original=size)
        return replace(self, pixel_map=pixel_map, original_intrinsics=pixel_map.to_original(self.intrinsics))


@dataclass(frozen=True)
class View:
    """The memory's answer about an unseen view: points (h, w, 3) in that camera's frame, confidence (h, w)."""

    points: np.ndarray
    confidence: np.ndarray
