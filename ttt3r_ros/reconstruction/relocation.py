# SPDX-License-Identifier: Apache-2.0
"""After a restart: the first images against the stored memory, and whether its answers can be believed.

The network cannot tell: asked about another room it answers that it has hardly moved, as surely as ever, and its points
agree, being its own echo. The images can; how often: docs/relocation.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ttt3r_ros.model.recurrence import NonFinitePrediction
from ttt3r_ros.reconstruction.comparison import LeftOut
from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.reconstruction.likeness import NEAREST, mutual_likeness
from ttt3r_ros.reconstruction.reconstructor import CannotReset, Reconstructor
from ttt3r_ros.reconstruction.tracking import Tracking, TrackingState
from ttt3r_ros.reconstruction.trajectory import Boundary, extent

FEWEST_IN_VIEW = 0.1  # share of the stored points; with fewer in view the two images show different things
DEPTH_TOLERANCE = 0.25  # of the depth: a monocular model's metres are that sure after a restart


@dataclass(frozen=True)
class Limits:
    """What is believed: a wrong no costs a new odometry, a wrong yes a lost robot.

    likeness: of the first image and the stored one, laid on each other by the answer, at least; lasting: the same of
    the images after it, which have moved on. images: so many running must be believed before a pose is told. doubts:
    after so many that are not, all is refused. max_speed m/s, max_turn_rate rad/s: the robot's own. free_distance m,
    free_turn rad: granted however little time has passed, for the model's noise. longest_s: after a longer pause the
    robot may be anywhere, and only the points testify. min_confidence: least share of the stored image's median
    confidence above 1. min_agreement: least share of the stored points in view that must lie where they are seen now.
    """

    likeness: float = 0.94
    lasting: float = 0.5
    images: int = 3
    doubts: int = 3
    max_speed: float = 2.0
    max_turn_rate: float = 2.0
    free_distance: float = 0.5
    free_turn: float = 0.5
    longest_s: float = 60.0
    min_confidence: float = 0.25
    min_agreement: float = 0.3


class Relocation:
    """A stored memory, asked about the images after a restart until its answers are believed or refused.

    believed: whether the stored memory has been taken over. doubts: why images were not believed, in their order.
    likenesses: what was compared with Limits.likeness so far.
    """

    def __init__(self, reconstructor: Reconstructor, snapshot: bytes, stored_at: int | None = None,
                 limits: Limits = Limits()) -> None:
        """Take who asks, and the stored image's stamp, ns, None if unknown. Raises SnapshotError."""
        reconstructor.check(snapshot)
        self._reconstructor, self._snapshot, self._stored_at, self._limits = reconstructor, snapshot, stored_at, limits
        self.doubts: list[str] = []
        self.likenesses: list[float] = []
        self.believed = False
        self._fitting = 0  # images running that are believed
        self._before: bytes | None = None  # the reconstructor's own, while the stored memory is in its place
        self._known: dict[str, Any] = {}  # by the monitor, then
        self._since: int | None = None
        self._stored: Boundary | None = None
        self._stored_image: np.ndarray | None = None

    def own_snapshot(self) -> bytes:
        """Return what the reconstructor is without the stored memory, as long as that is not believed."""
        return self._before or self._reconstructor.snapshot()

    def step(self, image: np.ndarray, *, stamp: int | None = None, left_out: LeftOut | None = None) -> Frame | None:
        """Take the next image; return its Frame, trusted once the memory is believed, and None once it is refused.

        A Frame that is not trusted is not to be told. Refused, the reconstructor is as it was before the first image.
        The stored memory is asked first; if its answer is not plausible, the stored image begins a fresh segment at
        its place, and the image is asked again. An image that shows nothing is no evidence: it is the reconstructor's
        own, and what fitted before it must fit again. Arguments as Reconstructor.step takes them; raises what that
        raises, and the image then counts for nothing.
        """
        if self._reconstructor.shows_nothing(image):
            self.give_up()
            return self._reconstructor.step(image, stamp=stamp, left_out=left_out)
        self._since = stamp if self._since is None else self._since
        if self._fitting:
            frame = self._reconstructor.step(image, stamp=stamp, left_out=left_out)
            doubt = self._doubt(frame)
        else:
            frame, doubt = self._begin(image, stamp, left_out)
        if doubt is not None:
            self.doubts.append(doubt)
            self.give_up()
            if len(self.doubts) >= self._limits.doubts:
                return None
            return self._withheld(frame, f'relocating: {doubt}')
        self._fitting += 1
        if self._stored is None or self._fitting >= self._limits.images:
            self.believed = True
            return frame
        return self._withheld(frame, f'relocating: {self._fitting} of {self._limits.images} images fit the saved state')

    def give_up(self) -> None:
        """Put the reconstructor back to where it was before the first image; what fitted must fit again."""
        if self._before is not None:
            self._put_back(self._before)
        self._fitting, self._before = 0, None

    def _put_back(self, own: bytes) -> None:
        self._reconstructor.restore(own)
        if self._reconstructor.monitor is not None:  # a snapshot does not say that the camera is lost, or since when
            self._reconstructor.monitor.recall(self._known)

    def _begin(self, image: np.ndarray, stamp: int | None, left_out: LeftOut | None) -> tuple[Frame, str | None]:
        """Ask about the first image; return its Frame and why it is not believed, None if it is."""
        own, frame, doubts = self._reconstructor.snapshot(), None, []
        if self._reconstructor.monitor is not None:
            self._known = self._reconstructor.monitor.remembered()
        try:
            for fresh in (False, True):
                self._reconstructor.restore(self._snapshot)
                self._stored, self._stored_image = self._reconstructor.last_view, self._reconstructor.last_image
                try:
                    if fresh:
                        self._reconstructor.reset()
                    frame = self._reconstructor.step(image, stamp=stamp, left_out=left_out)
                except CannotReset as error:
                    doubts.append(str(error))
                    continue
                doubts.append(self._first_doubt(frame, stamp))
                if doubts[-1] is None:
                    self._before = own
                    return frame, None
            if frame is None:
                raise NonFinitePrediction(doubts[0])
        except BaseException:  # also what a device fails with
            self._put_back(own)
            raise
        self._before = own
        return frame, '; begun afresh: '.join(doubts)

    def _first_doubt(self, frame: Frame, stamp: int | None) -> str | None:
        if self._stored is None:
            return None
        if not frame.trusted:
            return frame.tracking.reason
        elapsed = None if None in (stamp, self._stored_at) else (stamp - self._stored_at) / 1e9
        verdict = judge(self._stored, _seen(frame), frame.intrinsics, elapsed, self._limits)
        if not verdict.plausible:
            return verdict.reason
        self.likenesses.append(self._likeness(frame))
        return _unlike(self.likenesses[-1], self._limits.likeness)

    def _doubt(self, frame: Frame) -> str | None:
        return _unlike(self._likeness(frame), self._limits.lasting) if frame.trusted else frame.tracking.reason

    def _likeness(self, frame: Frame) -> float:
        # One camera: two estimates of its focal length would lay an image that stands still beside itself.
        seen = replace(_seen(frame), focal=self._stored.focal)
        return mutual_likeness(self._stored_image, self._stored, frame.image, seen)

    def _withheld(self, frame: Frame, reason: str) -> Frame:
        return replace(frame, tracking=Tracking(TrackingState.INITIALISING, reason, self._since, trusted=False))


def _unlike(alike: float, least: float) -> str | None:
    return None if alike >= least else f'the image does not show what was saved, likeness {alike:.2f}'


def _seen(frame: Frame) -> Boundary:
    return Boundary(frame.pose, frame.points, frame.confidence, float(frame.intrinsics[0, 0]))


@dataclass(frozen=True)
class Verdict:
    """Why the pose is not believed, None if it is; and what was found.

    distance m and turn rad from the stored pose; agreement: see `agreement`, None where the points say nothing.
    """

    reason: str | None
    distance: float
    turn: float
    agreement: float | None

    @property
    def plausible(self) -> bool:
        """Say whether the pose may be published."""
        return self.reason is None


def judge(stored: Boundary, found: Boundary, intrinsics: np.ndarray, elapsed_s: float | None,
          limits: Limits = Limits()) -> Verdict:
    """Say whether the first pose after a restore follows from the last one before it.

    stored and found: the last frame saved and the first one after, both poses (4, 4) camera-to-world in the path's
    world, points (h, w, 3) in their camera's frame and in the path's metres. intrinsics (3, 3): of the found image,
    a NaN focal length if unknown. elapsed_s: between their stamps; None, or below 0, where the clocks do not
    compare. With neither a short pause nor common points there is no witness, and the answer is no.
    """
    if not (np.isfinite(found.pose).all() and np.isfinite(found.confidence).all()):
        return Verdict('the answer is not finite', np.nan, np.nan, None)
    motion = np.linalg.inv(stored.pose) @ found.pose
    distance, turn = extent(motion)
    agreeing = agreement(stored, found, intrinsics)

    def verdict(reason: str | None) -> Verdict:
        return Verdict(reason, distance, turn, agreeing)

    before, now = np.median(stored.confidence), np.median(found.confidence)
    if now - 1 < limits.min_confidence * (before - 1):
        return verdict(f'the confidence fell from {before:.2f} to {now:.2f}')
    timed = elapsed_s is not None and 0 <= elapsed_s <= limits.longest_s
    if timed:
        reach = limits.free_distance + limits.max_speed * elapsed_s
        if distance > reach:
            return verdict(f'{distance:.2f} m in {elapsed_s:.1f} s, of {reach:.2f} m possible')
        swing = limits.free_turn + limits.max_turn_rate * elapsed_s
        if turn > swing:
            return verdict(f'a turn of {turn:.2f} rad in {elapsed_s:.1f} s, of {swing:.2f} rad possible')
    if agreeing is not None and agreeing < limits.min_agreement:
        return verdict(f'{agreeing:.0%} of the stored points are seen where they were')
    if agreeing is None and not timed:
        return verdict('nothing bears it out: the pause is too long or unknown, and no stored point is in view')
    return verdict(None)


def agreement(stored: Boundary, found: Boundary, intrinsics: np.ndarray) -> float | None:
    """Return the share of the stored points in the found camera's view that it sees at their depth.

    Only the more confident half of the stored points is asked, at the pixels they fall on. None where the focal
    length is unknown or less than FEWEST_IN_VIEW of them are in view. Arguments as for `judge`.
    """
    if not np.isfinite(intrinsics).all():
        return None
    points = stored.points[stored.confidence >= np.median(stored.confidence)].astype(np.float64)
    motion = np.linalg.inv(found.pose) @ stored.pose
    seen = points @ motion[:3, :3].T + motion[:3, 3]
    seen = seen[seen[:, 2] > NEAREST]
    pixel = np.rint((seen @ intrinsics.T)[:, :2] / seen[:, 2:])
    height, width = found.confidence.shape
    inside = ((pixel >= 0) & (pixel < (width, height))).all(axis=1)
    if inside.sum() < max(1, FEWEST_IN_VIEW * len(points)):
        return None
    column, row = pixel[inside].astype(np.intp).T
    depth = seen[inside, 2]
    return float((np.abs(found.points[row, column, 2] - depth) <= DEPTH_TOLERANCE * depth).mean())
