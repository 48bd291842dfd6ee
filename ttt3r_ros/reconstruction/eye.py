# SPDX-License-Identifier: Apache-2.0
"""A network that looks: from a camera's image to what the memory makes of it, with nothing written yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from ttt3r_ros.model.network import Encoded
from ttt3r_ros.model.recurrence import Recurrence, Step
from ttt3r_ros.model.stages import Stage
from ttt3r_ros.reconstruction.ahead import Ahead
from ttt3r_ros.reconstruction.frame import GateStatistics
from ttt3r_ros.reconstruction.intrinsics import focal_length
from ttt3r_ros.reconstruction.preprocess import PixelMap
from ttt3r_ros.reconstruction.trajectory import Boundary, pose_matrix
from ttt3r_ros.reconstruction.transfer import download, upload


@dataclass(frozen=True)
class Prepared:
    """An image as the network takes it, image (h, w, 3) uint8, and what its encoder makes of it."""

    image: np.ndarray
    pixel_map: PixelMap
    encoded: Encoded


@dataclass(frozen=True)
class Look:
    """What the network makes of an image, before anything is written."""

    seen: Boundary
    gate: GateStatistics
    step: Step
    finite: np.ndarray


class Eye:
    """Prepares, encodes and decodes images against a recurrence's memory; not thread-safe."""

    def __init__(self, recurrence: Recurrence, stage: Stage) -> None:
        """Take what holds the memory; stage is told what is being done."""
        self._recurrence, self._stage = recurrence, stage
        self._ahead = Ahead(recurrence.network.device)

    def prepare(self, image: np.ndarray) -> Prepared:
        """Return an image, uint8 (H, W, 3), encoded; it may have been begun ahead. Raises ValueError if too narrow."""
        return self._ahead.take(image) or self._prepare(image, self._plan(image))

    def _plan(self, image: np.ndarray) -> PixelMap:
        return PixelMap.plan(*image.shape[:2], self._recurrence.network.config)

    def _prepare(self, image: np.ndarray, pixel_map: PixelMap) -> Prepared:
        with self._stage('preprocess'):
            prepared = pixel_map.apply(image)
        return Prepared(prepared, pixel_map, self.encode(prepared))

    @torch.inference_mode()
    def encode(self, prepared: np.ndarray) -> Encoded:
        """Encode the model's image, uint8 (h, w, 3)."""
        with self._stage('upload'):
            pixels = upload(prepared, self._recurrence.network.device)
        return self._recurrence.encode(pixels)

    def look_ahead(self, upcoming: Callable[[], np.ndarray | None] | None, now: PixelMap) -> None:
        """Begin with the next image, if it is there and of this one's size; a broken one is its own step's matter."""
        image = upcoming() if upcoming and self._ahead.pays else None
        if not is_image(image):
            return
        try:
            plan = self._plan(image)
        except ValueError:
            return
        if plan.size == now.size:
            self._ahead.begin(image, lambda: self._prepare(image, plan))

    @torch.inference_mode()
    def look(self, encoded: Encoded, meanwhile: Callable[[], None] = lambda: None) -> Look:
        """Run an encoded image through the network; meanwhile: called while the device is busy with it."""
        self._ahead.mark()
        step = self._recurrence.look(encoded)
        prediction, gate = step.prediction, step.gate
        with self._stage('focal length'):
            focal = focal_length(prediction.points[0])
            statistics = torch.stack((gate.mean(), gate.std(correction=0), gate.min(), gate.max()))
        try:
            meanwhile()
            with self._stage('download'):
                points, confidence, pose, focal, statistics, finite = download(
                    prediction.points[0], prediction.confidence[0], prediction.pose[0], focal, statistics, step.finite)
        finally:
            self._ahead.join()
        # A pose with a NaN is no rotation: whoever accepts the step is told.
        matrix = pose_matrix(pose) if np.isfinite(pose).all() else np.full((4, 4), np.nan)
        return Look(Boundary(matrix, points, confidence, float(focal)), GateStatistics(*statistics.tolist()), step,
                    finite)


def is_image(image) -> bool:
    """Say whether it is an image, uint8 (H, W, 3)."""
    return isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 \
        and image.size > 0
