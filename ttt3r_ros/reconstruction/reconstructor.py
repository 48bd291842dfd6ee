# SPDX-License-Identifier: Apache-2.0
"""The one loop: an image in, a Frame out. The robot, the replay, the command line and the tests all run `step`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ttt3r_ros.model.network import Encoded, Network
from ttt3r_ros.model.recurrence import Memory, NonFinitePrediction, Recurrence
from ttt3r_ros.model.stages import Stage, untimed
from ttt3r_ros.model.threads import limit_if_nobody_has
from ttt3r_ros.model.update_rules import UpdateRule
from ttt3r_ros.reconstruction import snapshot
from ttt3r_ros.reconstruction.comparison import Answer, LeftOut
from ttt3r_ros.reconstruction.eye import Encoding, Eye, Prepared, is_image, warm_up
from ttt3r_ros.reconstruction.frame import Frame, View
from ttt3r_ros.reconstruction.lens import Lens
from ttt3r_ros.reconstruction.loop_closure import Closure, LoopCloser
from ttt3r_ros.reconstruction.place import Place
from ttt3r_ros.reconstruction.preprocess import PixelMap, reduction
from ttt3r_ros.reconstruction.reset_policy import FrameStatistics, Never, ResetPolicy, ResetPolicyError
from ttt3r_ros.reconstruction.sight import Sight, picture_of_nothing
from ttt3r_ros.reconstruction.together import Steps, alone
from ttt3r_ros.reconstruction.tracking import TrackingMonitor
from ttt3r_ros.reconstruction.trajectory import (
    ALIGNMENTS,
    STEP_SOURCES,
    Boundary,
    ChainError,
    Similarity,
    chain,
    rejoin,
)
from ttt3r_ros.reconstruction.view_query import ask

logger = logging.getLogger(__name__)

KEYFRAME_BYTES = 64 * 2**20  # of a snapshot: an autosave writes them each time
CannotReset = (NonFinitePrediction, ChainError)


class Reconstructor:
    """A network with its memory and its place in the world; not thread-safe."""

    recurrence = Recurrence  # what holds the memory

    def __init__(self, network: Network, rule: UpdateRule, *, alignment: str = 'sim3', step_source: str = 'model',
                 policy: ResetPolicy | None = None, keyframes: int = 0, monitor: TrackingMonitor | None = None,
                 stage: Stage = untimed, beside: Reconstructor | None = None, name: str = '') -> None:
        """Take a network and a write rule.

        alignment: how segments are chained, 'sim3' or 'se3'. step_source: what says how the camera goes on within one,
        'model', or 'images', which set its steps right (step_refinement). policy: when one ends by itself, by default
        never.
        keyframes: how many memories of ended segments are kept to close loops with. monitor: judges every frame before
        it is written; without one all are believed. stage: told what a step is doing. beside: one of the same network,
        that this one will be stepped together with: on CUDA they share what is recorded. name: of its camera among
        several, `camera` of its log records.
        """
        if alignment not in ALIGNMENTS:
            raise ValueError(f'alignment {alignment!r} is unknown: take one of {", ".join(ALIGNMENTS)}')
        if step_source not in STEP_SOURCES:
            raise ValueError(f'step_source {step_source!r} is unknown: take one of {", ".join(STEP_SOURCES)}')
        self._recurrence = self.recurrence(network, rule, stage, beside and beside._recurrence)
        self._eye = Eye(self._recurrence, stage)
        self._log = logging.LoggerAdapter(logger, {'camera': name})
        self._alignment, self._refines = alignment, step_source == 'images'
        self._policy = policy or Never()
        self._loops = LoopCloser(keyframes)
        self.monitor = monitor
        self._reset_due: str | None = None
        self._place = Place()

    @property
    def rule(self) -> UpdateRule:
        """The write rule; a new one is in force from the next frame on."""
        return self._recurrence.rule

    @rule.setter
    def rule(self, rule: UpdateRule) -> None:
        self._recurrence.rule = rule

    @property
    def policy(self) -> ResetPolicy:
        """When a segment ends by itself; a new one judges from the next frame on."""
        return self._policy

    @policy.setter
    def policy(self, policy: ResetPolicy) -> None:
        self._policy, self._reset_due = policy, None

    @property
    def axis(self) -> tuple[float, float]:
        """Where the optical axis lies in the images that come, parts of width and height; a calibration knows it.

        A network takes it for the middle. What it is given is cut so that it is, where it has aspects to be cut to.
        """
        return self._eye.axis

    @axis.setter
    def axis(self, axis: tuple[float, float]) -> None:
        self._eye.axis = axis

    @property
    def last_view(self) -> Boundary | None:
        """The last frame in the path's world and metres, None before the first."""
        return self._place.view

    @property
    def last_image(self) -> np.ndarray | None:
        """The last frame's image as the network takes it, (h, w, 3) uint8, None before the first."""
        return self._place.image

    @property
    def segment(self) -> int:
        """The number of resets so far."""
        return self._place.segment

    @property
    def settling(self) -> int:
        """How many frames of a size are computed in another way than all later ones, and more slowly."""
        return self._recurrence.settling

    def warm_up(self, size: tuple[int, int], frames: int, beside: Sequence[Reconstructor] = ()) -> None:
        """Answer blank images of a camera's size (H, W) and forget them, so that no later one meets a first time.

        beside: others of the same network, to be stepped together with this one; as batches of all of them.
        Raises NonFinitePrediction.
        """
        warm_up([one._eye for one in (self, *beside)], size, frames)

    def step(self, image: np.ndarray, upcoming: Callable[[], np.ndarray | None] | None = None, *,
             stamp: int | None = None, left_out: LeftOut | None = None) -> Frame:
        """Take an image, uint8 (H, W, 3) RGB of any size, and say where the camera is and what it sees.

        upcoming: asked for the image of the next step, None if it is not there yet; a GPU encodes it while it is still
        decoding this one, and a CPU does not ask. The answers are the same with it and without. stamp: the image's, ns,
        for a monitor's bounds on speed; None if it has none of its own. left_out: asked for the pixels of the model's
        image by which no step is set right, bool (h, w), such as those of the robot's own body; None for all.

        With a monitor, a frame that is not trusted (Frame.tracking) is told and not written. The first usable image
        after it begins a segment at the last trusted pose.

        Raises ValueError for anything else, and NonFinitePrediction for a prediction with a NaN or an infinity; both,
        and what a device fails with, leave the memory as it was.
        """
        return alone(self.stepping(image, upcoming, stamp=stamp, left_out=left_out))

    def stepping(self, image: np.ndarray, upcoming: Callable[[], np.ndarray | None] | None = None, *,
                 stamp: int | None = None, left_out: LeftOut | None = None) -> Steps[Frame]:
        """Do what `step` does, as a generator: `together` steps several reconstructors of one network as one batch.

        What each gives is what it gives alone, but for the rounding of products of another size.
        """
        if not is_image(image):
            what = f'{image.dtype} {image.shape}' if isinstance(image, np.ndarray) else type(image).__name__
            raise ValueError(f'an image must be a uint8 array (H, W, 3) in RGB order, not {what}')
        self._limit_threads(image.shape[:2])
        prepared = yield from self._eye.prepare(image, self._place.lens.undone_of)
        sight = self.monitor and self.monitor.look(prepared.image, stamp)
        if sight and sight.fault is None and (self._place.image is None or not self.monitor.following):
            return (yield from self._begin(prepared, sight, stamp))
        before = None
        if self._reset_due and (sight is None or sight.fault is None):
            before = self._place, self._recurrence.memory, self._loops.kept
            yield from self._end_segment(self._reset_due)
        try:
            look = yield from self._eye.look(prepared.encoded,
                                             lambda: self._eye.look_ahead(upcoming, prepared.pixel_map,
                                                                          self._place.lens.undone_of))
            self._recurrence.require_finite(look.step, look.finite)
        except BaseException:  # also what a device fails with: who goes on or saves then does so with what was
            if before is not None:
                self._place, self._recurrence.memory, kept = before
                self._loops.restore(kept)
            raise
        found = Answer(prepared, look, sight, stamp, left_out).beside(self._place, self.monitor, self._refines,
                                                                      self._policy.compares)
        frame = found.place.frame(prepared, look, found.tracking, found.unseen, found.alike, found.step)
        place = replace(found.place, index=found.place.index + 1)
        if found.trusted:
            self._recurrence.accept(look.step, look.finite)
            place = place.at(prepared, look.seen, sight and sight.grey)
            for news in place.lens.news(self._place.lens):
                self._log.info(news)
            self._reset_due = self._policy.due(FrameStatistics.of(frame))
        self._place = place
        return frame

    def shows_nothing(self, image: np.ndarray) -> bool:
        """Say whether the monitor would find nothing in an image, uint8 (H, W, 3); False without one."""
        if self.monitor is None:
            return False
        plan = PixelMap.plan(*image.shape[:2], self._recurrence.network.config)
        return picture_of_nothing(plan.apply(image)) is not None

    def require_shape(self, height: int, width: int) -> None:
        """Raise ValueError if an image of that size, pixels, is too narrow for `step`."""
        PixelMap.plan(height, width, self._recurrence.network.config)

    def reduction(self, height: int, width: int) -> int:
        """Return by how much a camera's JPEG can be made smaller as it is decoded, see preprocess.reduction."""
        return reduction(height, width, self._recurrence.network.config)

    def reset(self) -> None:
        """Drop the memory, keep the place: the last image is decoded again and starts the next segment there.

        With keyframes, older memories are asked about that image first, and the one that is dropped becomes one.
        Does nothing before the first frame. Raises NonFinitePrediction or ChainError (both: CannotReset) if the last
        image gives no answer or no scale in a fresh memory, and what a device fails with; then all is as it was.
        """
        alone(self._resetting())

    def _resetting(self) -> Steps[None]:
        place, memory = self._place, self._recurrence.memory
        if place.image is None:
            return
        encoded = yield Encoding(self._eye, place.image, place.lens.shading.evened)
        try:
            closure = self._recognise(encoded)
            self._recurrence.reset()
            boundary = yield from self._eye.observe(encoded)
            path = chain(place.path, place.boundary, boundary, self._alignment)
        except BaseException:
            self._recurrence.memory = memory
            raise
        if closure is not None:
            self._log.info('loop closed: image %d is near image %d, likeness %.2f; the pose in the map moves by %.2f m',
                           self._last_index, closure.keyframe.index, closure.likeness,
                           np.linalg.norm(closure.pose[:3, 3] - place.map_pose[:3, 3]))
            place = place.corrected(closure.pose)
        self._loops.keep(place.keyframe(memory, self._last_index))
        self._place = replace(place, path=path, segment=place.segment + 1, boundary=boundary)

    def start_afresh(self, policy: ResetPolicy) -> None:
        """Begin again, as before the first image: memory, path and keyframes are dropped; policy: from now on."""
        self._recurrence.reset()
        self._place, self.policy = Place(), policy
        self._loops.forget()
        if self.monitor is not None:
            self.monitor.forget()

    @property
    def finds_lens(self) -> bool:
        """Whether anything is found out about the lens: by steps of the images alone."""
        return self._refines

    @property
    def lens(self) -> Lens:
        """What is known of the lens; before the first image, what another path through it has told can be set."""
        return self._place.lens

    @lens.setter
    def lens(self, lens: Lens) -> None:
        self._place = replace(self._place, lens=lens)

    def forget_lens(self) -> None:
        """Find focal length, dark corners and bends anew, from the next image on: those that come are of another."""
        self._place = self._place.of_another_lens()

    def lay(self, path: Similarity, segments: int, frames: int) -> None:
        """Let the path so far be the end of a longer one, in which it lies so after so many segments and frames."""
        self._place = self._place.after(path, segments, frames)

    def query(self, pose: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int] | None = None) -> View:
        """Ask what a camera would see at pose (4, 4), in the path's world, with intrinsics (3, 3); writes nothing.

        size (h, w): the image asked for, multiples of 16, the last frame's model image by default. Raises ValueError
        for another size or before the first frame, RayMapError (a ValueError) if the network has no ray-map encoder,
        NonFinitePrediction if the answer is not finite.
        """
        self.require_ray_map()
        return ask(self._recurrence, self._place, pose, intrinsics, size)

    def require_ray_map(self) -> None:
        """Raise RayMapError if the network has no ray-map encoder: then no view can be asked for, now or later."""
        self._recurrence.network.require_ray_map()

    def snapshot(self) -> bytes:
        """Return memory and place, so that another process can go on from here.

        Constant in size but for keyframes: of these as many as go into KEYFRAME_BYTES.
        """
        return snapshot.pack(self._recurrence, self._place, self._policy.state(), self._reset_due,
                             self._loops.within(KEYFRAME_BYTES))

    def check(self, data: bytes) -> None:
        """Raise SnapshotError unless `restore` can take the snapshot."""
        snapshot.unpack(data, self._recurrence)

    def restore(self, data: bytes) -> None:
        """Go on from where a snapshot was taken. Raises SnapshotError if it does not fit; then all is as it was.

        What another reset policy remembered is left out: the present one judges afresh. Keyframes are the snapshot's,
        as many as this reconstructor keeps, as its path may be another.
        """
        memory, place, policy_state, due, keyframes = snapshot.unpack(data, self._recurrence)
        self._recurrence.memory, self._place = memory, place
        self._loops.restore(keyframes)
        if self.monitor is not None:
            self.monitor.resume() if place.image is not None else self.monitor.forget()
        try:
            self._policy.restore(policy_state)
            self._reset_due = due if policy_state.keys() == self._policy.state().keys() else None
        except ResetPolicyError as error:
            self._reset_due = None
            self._log.info('the reset policy begins afresh: %s', error)

    def _limit_threads(self, size: tuple[int, int]) -> None:
        network = self._recurrence.network
        if network.device.type == 'cpu':
            limit_if_nobody_has(network, lambda: self.warm_up(size, 1))

    def _end_segment(self, reason: str) -> Steps[None]:
        try:
            yield from self._resetting()
            self._log.info('segment %d begins: %s', self.segment, reason)
        except CannotReset as error:
            self._log.warning('the segment goes on although %s, its end cannot be chained: %s', reason, error)

    @property
    def _last_index(self) -> int:
        """The number of the last frame that was written."""
        return self._place.index - 1 - (self.monitor.missed if self.monitor else 0)

    def _recognise(self, encoded: Encoded) -> Closure | None:
        """Ask the keyframes about the last image, encoded; leaves one of their memories in force."""
        place = self._place

        def ask(memory: Memory) -> Boundary:
            self._recurrence.memory = memory
            return alone(self._eye.observe(encoded))

        return self._loops.close(place.image, place.map_pose, place.segment, ask)

    def _begin(self, prepared: Prepared, sight: Sight, stamp: int | None) -> Steps[Frame]:
        """Begin the path, or where it was lost a segment at the last trusted pose, with the first usable image."""
        place, memory, unseen = self._place, self._recurrence.memory, (0.0, 0.0)
        self._recurrence.reset()
        try:
            look = yield from self._eye.look(prepared.encoded)
            self._recurrence.accept(look.step, look.finite)
        except BaseException:
            self._recurrence.memory = memory
            raise
        if place.image is not None:
            unseen = self.monitor.unseen_motion(stamp)
            self._loops.keep(place.keyframe(memory, self._last_index))
            place = replace(place, path=rejoin(place.path, place.boundary, look.seen), segment=place.segment + 1)
        if self._refines:
            place = place.beside(prepared, look.seen)
        frame = place.frame(prepared, look, self.monitor.begin(sight, stamp), unseen)
        place = replace(place, index=place.index + 1, anchor=None, evenly=None)
        self._place = place.at(prepared, look.seen, sight.grey)
        self._reset_due = self._policy.due(FrameStatistics.of(frame))
        return frame
