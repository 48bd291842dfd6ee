# SPDX-License-Identifier: Apache-2.0
"""A network that looks: from a camera's image to what the memory makes of it, with nothing written yet."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ttt3r_ros.model.network import Encoded
from ttt3r_ros.model.recurrence import Memory, Recurrence, Step
from ttt3r_ros.model.stages import Stage
from ttt3r_ros.reconstruction.ahead import Ahead
from ttt3r_ros.reconstruction.device_resize import Resized, pays, resize
from ttt3r_ros.reconstruction.frame import GateStatistics
from ttt3r_ros.reconstruction.intrinsics import focal_length
from ttt3r_ros.reconstruction.lens_shading import without
from ttt3r_ros.reconstruction.lighting import balanced, stretched
from ttt3r_ros.reconstruction.preprocess import MIDDLE, PixelMap
from ttt3r_ros.reconstruction.together import Steps, alone, together
from ttt3r_ros.reconstruction.trajectory import Boundary, pose_matrix
from ttt3r_ros.reconstruction.transfer import download, upload


class Undone(NamedTuple):
    """What a lens does to images, of which they are rid before a network sees them: see lens_shading, lens_bending."""

    falloff: float = 0.0
    bend: float = 0.0


@dataclass(frozen=True)
class Prepared:
    """An image as the network takes it, image (h, w, 3) uint8, and what its encoder makes of it."""

    image: np.ndarray
    pixel_map: PixelMap
    encoded: Encoded


@dataclass(frozen=True)
class Look:
    """What the network makes of an image, before anything is written; median: of the confidence."""

    seen: Boundary
    median: float
    gate: GateStatistics
    step: Step
    finite: np.ndarray


@dataclass(frozen=True)
class Encoding:
    """The request for an image, uint8 (h, w, 3), encoded, rid of a falloff; a tensor lies on the network's device."""

    eye: Eye
    image: np.ndarray | Tensor
    falloff: float
    early = True

    def kind(self) -> Hashable:
        """See Request."""
        return Encoding, self.eye.kind, tuple(self.image.shape)

    def carry_out(self, alike: Sequence[Encoding]) -> list[Encoded]:
        """See Request."""
        return self.eye.encode([request.image for request in alike], [request.falloff for request in alike])


@dataclass(frozen=True)
class Looking:
    """The request for a Look at an encoded image from a memory; meanwhile: called while the device is busy with it."""

    eye: Eye
    encoded: Encoded
    memory: Memory
    meanwhile: Callable[[], None]
    early = False

    def kind(self) -> Hashable:
        """See Request."""
        return Looking, self.eye.kind, self.encoded.grid

    def carry_out(self, alike: Sequence[Looking]) -> list[Look]:
        """See Request."""
        for request in alike:
            request.eye.mark()
        try:
            return self.eye.look_each(alike)
        finally:
            for request in alike:
                request.eye.join()


class Eye:
    """Prepares, encodes and decodes images against memories, a recurrence's by default; not thread-safe.

    axis: where the images that come have their optical axis, parts of width and height.
    """

    def __init__(self, recurrence: Recurrence, stage: Stage) -> None:
        """Take what holds the memory; stage is told what is being done."""
        self._recurrence, self._stage = recurrence, stage
        self.axis = MIDDLE
        self._ahead = Ahead(recurrence.network.device)
        self.mark, self.join = self._ahead.mark, self._ahead.join

    @property
    def kind(self) -> Hashable:
        """What two have in common that give the same answers."""
        return type(self._recurrence), id(self._recurrence.network), self._recurrence.rule

    def prepare(self, image: np.ndarray, undone_of: Callable[[PixelMap], Undone]) -> Steps[Prepared]:
        """Return an image, uint8 (H, W, 3), encoded; it may have been begun ahead. Raises ValueError if too narrow.

        undone_of: of what it is rid.
        """
        made, pixel_map, undone, encoded = self._ahead.take(image) or (None, self._plan(image), None, None)
        if undone != undone_of(pixel_map):
            made, pixel_map, _, encoded = yield from self._prepare(image, pixel_map, undone_of(pixel_map))
        with self._stage('preprocess'):
            return Prepared(made.on_host() if isinstance(made, Resized) else made, pixel_map, encoded)

    def _plan(self, image: np.ndarray) -> PixelMap:
        return PixelMap.plan(*image.shape[:2], self._recurrence.network.config, self.axis)

    def _prepare(self, image: np.ndarray, pixel_map: PixelMap, undone: Undone) -> Steps[
            tuple[np.ndarray | Resized, PixelMap, Undone, Encoded]]:
        """Return the model's image, both others, and what the encoder makes of it, without waiting for the device."""
        device, pixel_map = self._recurrence.network.device, replace(pixel_map, bend=undone.bend)
        with self._stage('preprocess'):
            made = resize(image, pixel_map, device) if pays(device) else pixel_map.apply(image)
        encoded = yield Encoding(self, made.pixels if isinstance(made, Resized) else made, undone.falloff)
        return made, pixel_map, undone, encoded

    @torch.inference_mode()
    def encode(self, images: Sequence[np.ndarray | Tensor], falloffs: Sequence[float]) -> list[Encoded]:
        """Encode images as the model takes them, uint8 (h, w, 3), all of one size, each rid of a falloff."""
        with self._stage('upload'):
            pixels = upload(images, self._recurrence.network.device)
            if self._recurrence.network.config.evens_light:
                pixels = stretched(balanced(without(falloffs, pixels)))
        encoded = self._recurrence.encode(pixels)
        return [Encoded(features, encoded.grid) for features in encoded.features.split(1)]

    def look_ahead(self, upcoming: Callable[[], np.ndarray | None] | None, now: PixelMap,
                   undone_of: Callable[[PixelMap], Undone]) -> None:
        """Begin with the next image, if it is there and of this one's size; a broken one is its own step's matter."""
        image = upcoming() if upcoming and self._ahead.pays else None
        if not is_image(image):
            return
        try:
            plan = self._plan(image)
        except ValueError:
            return
        if plan.size == now.size:
            self._ahead.begin(image, lambda: alone(self._prepare(image, plan, undone_of(plan))))

    def look(self, encoded: Encoded, meanwhile: Callable[[], None] = lambda: None) -> Steps[Look]:
        """Run an encoded image through the network against the recurrence's memory; meanwhile: see Looking."""
        return (yield Looking(self, encoded, self._recurrence.memory, meanwhile))

    def observe(self, encoded: Encoded) -> Steps[Boundary]:
        """Run an encoded image through the network and write the memory. Raises NonFinitePrediction."""
        look = yield from self.look(encoded)
        self._recurrence.accept(look.step, look.finite)
        return look.seen

    @torch.inference_mode()
    def look_each(self, requests: Sequence[Looking]) -> list[Look]:
        """Run encoded images of one grid through the network, each against its own memory, as one batch."""
        first = requests[0].encoded
        encoded = first if len(requests) == 1 else Encoded(
            torch.cat([request.encoded.features for request in requests]), first.grid)
        steps = self._recurrence.look_each(encoded, tuple(request.memory for request in requests))
        with self._stage('focal length'):
            focal, gates = self._recurrence.trace(
                _summary, tuple((step.prediction.points, step.gate) for step in steps), 'summary')
        for request in requests:
            request.meanwhile()
        with self._stage('download'):
            medians = (_medians(steps),) if pays(focal.device) else ()
            values = download(focal, gates, *medians, *(value for step in steps for value in (
                step.prediction.points[0], step.prediction.confidence[0], step.prediction.pose[0], step.finite)))
        if len(steps) > 1:  # whoever keeps his must not keep the others'
            values = [value.copy() for value in values]
        focal, gates, *values = values
        medians = values.pop(0) if medians else [np.median(confidence) for confidence in values[1::4]]
        return [_look(step, float(focal[i]), float(medians[i]), gates[i], *values[4 * i:4 * i + 4])
                for i, step in enumerate(steps)]


def warm_up(eyes: Sequence[Eye], size: tuple[int, int], frames: int) -> None:
    """Answer blank images of a camera's size (H, W), as batches of all eyes, and forget them. Raises
    NonFinitePrediction."""
    image = np.zeros((*size, 3), np.uint8)

    def observing(eye: Eye) -> Steps[Boundary]:
        prepared = yield from eye.prepare(image, lambda pixel_map: Undone())
        return (yield from eye.observe(prepared.encoded))

    memories = [eye._recurrence.memory for eye in eyes]
    try:
        for _ in range(frames):
            for outcome in together([observing(eye) for eye in eyes]):
                if isinstance(outcome, Exception):
                    raise outcome
    finally:
        for eye, memory in zip(eyes, memories, strict=True):
            eye._recurrence.memory = memory


def _summary(seen: tuple[tuple[Tensor, Tensor], ...]) -> tuple[Tensor, Tensor]:
    """Return focal lengths (B,), and of gates mean, deviation, least and largest (B, 4), of B points and gates."""
    points, gates = zip(*seen)
    gate = torch.stack(gates).flatten(1)
    return (focal_length(points[0] if len(points) == 1 else torch.cat(points)),
            torch.stack((gate.mean(dim=1), gate.std(dim=1, correction=0), gate.amin(dim=1), gate.amax(dim=1)), dim=1))


def _medians(steps: Sequence[Step]) -> Tensor:
    """Return the medians (B,) of the confidences as numpy's are, of the two in the middle the mean: sorting 200,000
    numbers takes a GPU no time, and half of them a host 2 ms."""
    # Not in the recorded summary: what cannot be recorded would end the recording of all else.
    ordered = torch.stack([step.prediction.confidence.float().flatten() for step in steps]).sort(dim=1).values
    count = ordered.shape[1]
    return (ordered[:, (count - 1) // 2] + ordered[:, count // 2]) / 2


def _look(step: Step, focal: float, median: float, gate: np.ndarray, points: np.ndarray, confidence: np.ndarray,
          pose: np.ndarray, finite: np.ndarray) -> Look:
    # A pose with a NaN is no rotation: whoever accepts the step is told.
    matrix = pose_matrix(pose) if np.isfinite(pose).all() else np.full((4, 4), np.nan)
    return Look(Boundary(matrix, points, confidence, focal), median, GateStatistics(*gate.tolist()), step, finite)


def is_image(image) -> bool:
    """Say whether it is an image, uint8 (H, W, 3)."""
    return isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 \
        and image.size > 0
