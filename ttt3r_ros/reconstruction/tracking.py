# SPDX-License-Identifier: Apache-2.0
"""Is the camera being tracked? Said of every frame, from what is known of it, before the memory is written.

Thresholds are tuned on synthetic worlds with blackouts, covered lenses, cuts and pure rotations, and on real film:
docs/tracking.md has the false and the missed alarms, and `ttt3r mishaps` measures them again.
"""

from __future__ import annotations

import copy
import statistics
from collections import deque
from collections.abc import Callable
from dataclasses import astuple, dataclass
from enum import Enum
from typing import Any

import numpy as np

from ttt3r_ros.reconstruction import rotation
from ttt3r_ros.reconstruction.baseline import Baseline, log_confidence
from ttt3r_ros.reconstruction.likeness import brightness
from ttt3r_ros.reconstruction.sight import Sight, picture_of_nothing
from ttt3r_ros.reconstruction.trajectory import extent

DETAIL_LEFT = 0.3  # of what was usual: less, in doubt or while lost, is a hand, or a lens not yet clear
DETAIL_S = 3.0  # seconds for which that is asked while lost: then it is the scene that has no more
DETAIL_FRAMES = 30  # the same where there are no stamps
WINDOW = 60  # frames whose sharpness is usual
FROZEN = 3  # images running that are the same to the bit; two may be a driver's repetition
LOST_LIKENESS = 0.65  # below, the present image and the last one laid on it show two things
DOUBTED_LIKENESS = 0.75  # below, they may: the second such frame running is lost
COVERED_LIKENESS = 0.9  # below, with so little detail left, it is a hand: an answer can lay a blur on anything
TURN_NOISE, TURN_PART = np.radians(1.0), 0.1  # of a step's turn, radians, and of what the gyroscope says of it
DOUBTED_TURN, LOST_TURN = 3.0, 6.0  # times as much between the two: it is in doubt, it is lost
DENIED = 'the gyroscope denies'  # in a reason, so
SETTLED = 3  # good frames after which a beginning is over
LEAST_ELAPSED_S = 1 / 30  # bounds grant at least this much time: stamps jitter
UNTIMED_S = 0.3  # how long the camera was out of sight for each frame missed, where no stamp tells


class TrackingState(Enum):
    """initialising: a beginning, nothing compared yet. ok. degraded: told, in doubt. lost: the pose is not known."""

    INITIALISING = 'initialising'
    OK = 'ok'
    DEGRADED = 'degraded'
    LOST = 'lost'


@dataclass(frozen=True)
class Tracking:
    """A frame's state; why, empty where all is well; and the stamp (ns) since which it lasts, None without stamps.

    trusted: the pose may be told, and the frame enters the memory. Not so in `lost`, nor while the first image that
    shows anything is waited for.
    """

    state: TrackingState
    reason: str
    since: int | None
    trusted: bool


@dataclass(frozen=True)
class Bounds:
    """What the camera can do: max_speed m/s and max_turn_rate rad/s, 0 for no bound."""

    max_speed: float = 0.0
    max_turn_rate: float = 0.0


HAND_HELD = Bounds(5.0, 6.0)


@dataclass(frozen=True)
class Evidence:
    """A frame beside the last trusted one: how like the images are (likeness.likeness); distance m and turn rad of the
    step; confidence: the median; gate: its mean; rotation (3, 3): of the step, camera axes, for a witness."""

    likeness: float
    distance: float
    turn: float
    confidence: float
    gate: float
    rotation: np.ndarray | None = None


GIVEN = ('bounds', 'metres', 'witness')  # from outside


class TrackingMonitor:
    """Follows one camera, constant in size; not thread-safe.

    bounds may be changed at any time, and metres, the true metres to each of the path's, with which they are compared;
    and witness, a gyroscope: asked for the rotation (3, 3) from the camera's axes at the second stamp, ns, to those at
    the first, None where it does not know. missed: frames since the last trusted one.
    """

    def __init__(self, bounds: Bounds = Bounds()) -> None:
        """Begin with nothing seen."""
        self.bounds = bounds
        self.metres = 1.0
        self.witness: Callable[[int, int], np.ndarray | None] | None = None
        self.forget()

    def forget(self) -> None:
        """Begin again, as before the first image: the path is another."""
        self.tracking: Tracking | None = None
        self._trusted_at: int | None = None  # stamp of the last trusted frame
        self._good = self._doubted = self._repeats = 0
        self.missed = 0
        self._last_image: np.ndarray | None = None
        self._sharpness: deque[float] = deque(maxlen=WINDOW)
        self._baseline = Baseline()

    def resume(self) -> None:
        """Take it that the last frame was trusted: it comes from a snapshot, at some time."""
        self.forget()
        self.tracking = Tracking(TrackingState.INITIALISING, 'restored, and nothing seen since', None, True)

    def remembered(self) -> dict[str, Any]:
        """Return what it knows of the path so far, for `recall`."""
        return copy.deepcopy({name: value for name, value in vars(self).items() if name not in GIVEN})

    def recall(self, remembered: dict[str, Any]) -> None:
        """Know what was `remembered` again."""
        vars(self).update(remembered)

    @property
    def following(self) -> bool:
        """Whether the last frame was trusted: else the next one that shows something begins anew."""
        return self.tracking is not None and self.tracking.trusted

    def look(self, image: np.ndarray, stamp: int | None) -> Sight:
        """Look at an image, uint8 (h, w, 3), by itself; stamp in ns, or None. Call it once for each image."""
        grey = brightness(image)
        sharpness = float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())
        usual = statistics.median(self._sharpness) if self._sharpness else sharpness
        detail = sharpness / max(usual, 1e-6)
        fault = picture_of_nothing(image, grey)
        if fault is None and not self.following and detail < DETAIL_LEFT and self._briefly_lost(stamp):
            fault = _covered(detail)
        same = self._last_image is not None and np.array_equal(image, self._last_image)
        self._repeats = self._repeats + 1 if same else 0
        self._last_image = image
        return Sight(fault, self._repeats + 1, sharpness, detail, grey)

    def blind(self, sight: Sight, stamp: int | None) -> Tracking:
        """Take a frame whose image has a fault."""
        return self._lose(sight.fault, stamp)

    def begin(self, sight: Sight, stamp: int | None) -> Tracking:
        """Take the frame that begins the path, or goes on with it where it was lost."""
        reason = 'the path begins' if self._trusted_at is None and not self._sharpness else (
            f'the path goes on where it was lost: {self.tracking.reason}')
        self._good = self._doubted = 0
        self._baseline = Baseline()
        self._trust(sight, stamp)
        return self._become(TrackingState.INITIALISING, reason, stamp)

    def judge(self, sight: Sight, seen: Evidence, stamp: int | None) -> Tracking:
        """Judge a frame beside the last trusted one, before it is written."""
        impossible = self._impossible(seen.distance, seen.turn, stamp)
        if impossible:
            return self._lose(impossible, stamp)
        if seen.likeness < COVERED_LIKENESS and sight.detail < DETAIL_LEFT:
            return self._lose(_covered(sight.detail), stamp)
        reason, certain = self._contradicted(seen, stamp)
        if reason is not None:
            self._doubted += 1
            if certain or self._doubted > 1:
                return self._lose(reason, stamp)
        else:
            self._doubted = 0
            reason = self._baseline.judge(log_confidence(seen.confidence), seen.gate)
        if reason is None:
            self._good += 1
            if sight.repeats >= FROZEN:
                reason = f'the image does not change, for {sight.repeats} images'
        self._trust(sight, stamp)
        if reason is not None:
            return self._become(TrackingState.DEGRADED, reason, stamp)
        if self.tracking.state is TrackingState.INITIALISING and self._good < SETTLED:
            return self._become(TrackingState.INITIALISING, self.tracking.reason, stamp)
        return self._become(TrackingState.OK, '', stamp)

    def unseen_motion(self, stamp: int | None) -> tuple[float, float]:
        """Return how the camera may have moved since it was last trusted; see the function of this name."""
        return unseen_motion(self._elapsed_s(stamp), self.bounds, self.metres, self.missed)

    def allows(self, step: np.ndarray, stamp: int | None) -> bool:
        """Say whether the camera can have gone so, a step (4, 4) in the path's metres, since it was last trusted."""
        if self._impossible(*extent(step), stamp) is not None:
            return False
        beside = self._beside_witness(step[:3, :3], stamp)
        return beside is None or beside[0] <= DOUBTED_TURN

    def bears_out(self, step: np.ndarray, stamp: int | None) -> bool:
        """Say whether the gyroscope tells such a turn as a step (4, 4) since the last trusted frame."""
        beside = self._beside_witness(step[:3, :3], stamp)
        return beside is not None and beside[0] <= DOUBTED_TURN

    def _impossible(self, distance: float, turn: float, stamp: int | None) -> str | None:
        """Return which bound the step is beyond, None where it is within or time is unknown."""
        elapsed = self._elapsed_s(stamp)
        if elapsed is None:
            return None
        elapsed = max(elapsed, LEAST_ELAPSED_S)
        way = distance * self.metres
        if 0 < self.bounds.max_speed * elapsed < way:
            return f'a step of {way:.2f} m in {elapsed:.2f} s, beyond max_speed {self.bounds.max_speed:g} m/s'
        if 0 < self.bounds.max_turn_rate * elapsed < turn:
            return (f'a turn of {np.degrees(turn):.0f}° in {elapsed:.2f} s, beyond max_turn_rate '
                    f'{self.bounds.max_turn_rate:g} rad/s')
        return None

    def _contradicted(self, seen: Evidence, stamp: int | None) -> tuple[str | None, bool]:
        """Return what speaks against a step, None where nothing does, and whether that is certain."""
        if seen.likeness < DOUBTED_LIKENESS:
            reason = f'the image is not what was seen before, likeness {seen.likeness:.2f}'
            if seen.likeness < LOST_LIKENESS:
                return reason, True
        else:
            reason = None
        beside = None if seen.rotation is None else self._beside_witness(seen.rotation, stamp)
        if beside is None or beside[0] <= DOUBTED_TURN:
            return reason, False
        times, off, true = beside
        return (f'a turn of {np.degrees(seen.turn):.0f}° that {DENIED}: it tells {np.degrees(true):.0f}°, '
                f'and {np.degrees(off):.0f}° lie between'), times > LOST_TURN

    def _beside_witness(self, turn: np.ndarray, stamp: int | None) -> tuple[float, float, float] | None:
        """Return how far a turn (3, 3) since the last trusted frame is from the gyroscope's, in what both may be off by
        and in radians, and that one's size; None where it does not know."""
        if self.witness is None or self._elapsed_s(stamp) is None:
            return None
        turned = self.witness(self._trusted_at, stamp)
        if turned is None:
            return None
        off, true = map(rotation.angle, (turn.T @ turned, turned))
        return off / (TURN_NOISE + TURN_PART * true), off, true

    def _elapsed_s(self, stamp: int | None) -> float | None:
        """Return seconds since the last trusted frame, None where stamps do not tell."""
        if stamp is None or self._trusted_at is None or stamp <= self._trusted_at:
            return None
        return (stamp - self._trusted_at) / 1e9

    def _briefly_lost(self, stamp: int | None) -> bool:
        elapsed = self._elapsed_s(stamp)
        return self.missed < DETAIL_FRAMES if elapsed is None else elapsed < DETAIL_S

    def _trust(self, sight: Sight, stamp: int | None) -> None:
        self._trusted_at, self.missed = stamp, 0
        self._sharpness.append(sight.sharpness)

    def _lose(self, reason: str, stamp: int | None) -> Tracking:
        self.missed += 1
        began = self.tracking is None or (not self.following and self.tracking.state is TrackingState.INITIALISING)
        state = TrackingState.INITIALISING if began else TrackingState.LOST
        return self._become(state, reason, stamp, trusted=False)

    def _become(self, state: TrackingState, reason: str, stamp: int | None, trusted: bool = True) -> Tracking:
        same = self.tracking is not None and self.tracking.state is state
        self.tracking = Tracking(state, reason, self.tracking.since if same else stamp, trusted)
        return self.tracking


def unseen_motion(elapsed_s: float | None, bounds: Bounds = Bounds(), metres: float = 1.0,
                  missed: int = 1) -> tuple[float, float]:
    """Return standard deviations, the path's metres and radians, of how a camera may have moved unseen.

    In so many seconds, None where no stamps tell but the frames missed, as far as the bounds allow, or a hand where
    there are none; anything in between being as likely: the bound over √3. metres: the true ones to each of the path's.
    """
    elapsed = UNTIMED_S * max(missed, 1) if elapsed_s is None else elapsed_s
    speed, rate = (own or hand for own, hand in zip(astuple(bounds), astuple(HAND_HELD)))
    return speed * elapsed / metres / np.sqrt(3), min(rate * elapsed, np.pi) / np.sqrt(3)


def _covered(detail: float) -> str:
    return f'the image has {detail:.0%} of the detail that was usual: is the lens covered?'
