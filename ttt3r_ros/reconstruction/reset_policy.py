# SPDX-License-Identifier: Apache-2.0
"""When the memory should start afresh: never, every so many frames, or when it no longer explains what is seen.

A policy is asked after each frame and a CameraGap before each image; whoever asks does the reset. Both are constant
in size.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from ttt3r_ros.reconstruction.baseline import WINDOW, Baseline, log_confidence
from ttt3r_ros.reconstruction.fields import MOST_FRAMES, MOST_SEGMENTS, FieldError, Fields
from ttt3r_ros.reconstruction.frame import Frame

SETTLING = 5  # frames at a segment's start that are no measure: an empty memory takes all in
UNLIKE, UNLIKE_PATIENCE = 0.95, 2  # of likeness.mutual_likeness, and frames: docs/tracking.md has the curve
CUT = 0.65  # one such image is of another place, and those after it follow from it
PATIENCE = 5  # frames running that must be bad: fewer may be a blurred image or a hand before the lens


class ResetPolicyError(ValueError):
    """A policy that does not exist, a number that it cannot work with, or a state that is none of its own."""


@dataclass(frozen=True)
class FrameStatistics:
    """What a policy sees of a frame: the gate's mean in [0, 1], the confidence's median above 1, the segment; likeness
    of the image and the one before, laid on each other by the answer, None where nobody has compared them; shares: the
    segment has a frame of the one before, as it does not after a loss.

    All are finite, as all that `Reconstructor.step` returns.
    """

    gate_mean: float
    confidence_median: float
    segment: int
    likeness: float | None = None
    shares: bool = True

    @classmethod
    def of(cls, frame: Frame) -> FrameStatistics:
        """Return a frame's statistics."""
        return cls(frame.gate.mean, frame.confidence_median, frame.segment, frame.likeness,
                   not any(frame.unseen_motion))


class ResetPolicy(Protocol):
    """When to reset. compares: whether it wants to know FrameStatistics.likeness."""

    compares: bool

    def due(self, statistics: FrameStatistics) -> str | None:
        """Take the newest frame's statistics; return why the memory should be reset before the next, or None.

        A new segment number tells that a reset was done, whoever asked for it.
        """

    def state(self) -> dict[str, Any]:
        """Return what the policy remembers, as JSON."""

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned.

        Raises ResetPolicyError for what cannot be read, as another policy's state; then all is as it was.
        """


class Never:
    """Never resets."""

    compares = False

    def due(self, statistics: FrameStatistics) -> str | None:
        """Return None."""

    def state(self) -> dict[str, Any]:
        """Return nothing to remember."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take whatever there is."""


class Interval:
    """Resets when a segment has its frames, the one that it shares with the segment before counted."""

    compares = False

    def __init__(self, frames: int) -> None:
        """Take the frames in a segment, at least 2. Raises ResetPolicyError."""
        if frames < 2:
            raise ResetPolicyError(f'an interval of {frames} frames is not possible: take at least 2')
        self.frames = frames
        self._segment = _Segment()

    def due(self, statistics: FrameStatistics) -> str | None:
        """See ResetPolicy."""
        self._segment.follow(statistics)
        return f'the segment has its {self.frames} frames' if self._segment.frames >= self.frames else None

    def state(self) -> dict[str, Any]:
        """See ResetPolicy."""
        return vars(self._segment).copy()

    def restore(self, state: dict[str, Any]) -> None:
        """See ResetPolicy."""
        with _reading(state) as fields:
            self._segment = _Segment.read(fields)


class Adaptive:
    """Resets when the memory no longer explains what is seen.

    The images tell it first: a step that is right lays one image on the next. UNLIKE_PATIENCE frames running whose
    likeness is below UNLIKE, or one below CUT, ask for a reset. What a network tells of itself is asked, too.

    A Baseline tells what is usual. A frame is bad if its confidence lies FAR below
    while the gate lies GATE_FAR to either side: the memory is rewritten, or refuses, and still the image is not
    understood. It is bad, too, if the confidence fell by COLLAPSE from the segment's best baseline, which a slow
    decline cannot drag along. PATIENCE bad frames running, no good one between, ask for a reset. Bad frames do not
    enter the baseline. Every segment learns its own, so that a scene that is merely dark asks once.
    """

    compares = True

    def __init__(self, shortest: int = WINDOW, unlike: float = UNLIKE) -> None:
        """Take the fewest frames in a segment that confidence and gate end, at least 2, and the least likeness.

        Raises ResetPolicyError.
        """
        if shortest < 2:
            raise ResetPolicyError(f'a shortest segment of {shortest} frames is not possible: take at least 2')
        self.shortest, self.unlike = shortest, unlike
        self._segment = _Segment()
        self._baseline = Baseline()
        self._unlike = 0  # frames running

    def due(self, statistics: FrameStatistics) -> str | None:
        """See ResetPolicy."""
        if self._segment.follow(statistics):
            self._baseline, self._unlike = Baseline(), 0
        if self._segment.frames <= SETTLING:
            return None
        alike = statistics.likeness
        self._unlike = 0 if alike is None or alike >= self.unlike else self._unlike + 1
        if self._unlike >= UNLIKE_PATIENCE or self._unlike and alike < CUT:
            return f'{self._unlike} images running do not follow from those before, likeness {alike:.2f}'
        reason = self._baseline.judge(log_confidence(statistics.confidence_median), statistics.gate_mean)
        return reason if self._baseline.bad >= PATIENCE and self._segment.frames >= self.shortest else None

    def state(self) -> dict[str, Any]:
        """See ResetPolicy."""
        return vars(self._segment) | self._baseline.state() | {'unlike': self._unlike}

    def restore(self, state: dict[str, Any]) -> None:
        """See ResetPolicy."""
        with _reading(state) as fields:
            self._segment, self._baseline, self._unlike = self.read(fields)

    @staticmethod
    def read(fields: Fields) -> tuple[_Segment, Baseline, int]:
        """Return what `state` told of: all that restore takes. Raises FieldError."""
        segment, baseline = _Segment.read(fields), Baseline.read(fields)
        # A state of before images were compared has no such number.
        return segment, baseline, fields.whole('unlike', 0, MOST_FRAMES) if 'unlike' in fields else 0


class CameraGap:
    """Asks for a reset when the camera was silent for too long: asked before the image after the gap is decoded.

    It remembers one stamp, which no restart should carry over: a pause in the process is no camera's gap.
    """

    def __init__(self, max_gap_s: float) -> None:
        """Take the longest time between two stamps, in seconds; 0 allows any."""
        self.max_gap_s = max_gap_s
        self._last: int | None = None

    def due(self, stamp: int) -> str | None:
        """Take an image's stamp, integer nanoseconds; return why the memory should be reset before it, or None."""
        gap_s = 0.0 if self._last is None else (stamp - self._last) / 1e9
        self._last = stamp
        if 0 < self.max_gap_s < gap_s:
            return f'the camera was silent for {gap_s:.2f} s, longer than {self.max_gap_s:g} s'
        return None


@dataclass
class _Segment:
    """Which segment it is and how many frames it has, a boundary frame counted as the reconstructor does."""

    segment: int | None = None
    frames: int = 0

    def follow(self, statistics: FrameStatistics) -> bool:
        """Count a frame; say whether it began another segment than the last frame's."""
        begun = statistics.segment != self.segment
        if begun:
            # The boundary frame is the new segment's, too; the path's first one and those after a loss have none.
            self.frames = int(statistics.shares and self.segment is not None)
        self.segment = statistics.segment
        self.frames += 1
        return begun

    @classmethod
    def read(cls, fields: Fields) -> _Segment:
        """Return what vars() made a dictionary of. Raises FieldError."""
        return cls(fields.none_or(fields.whole, 'segment', 0, MOST_SEGMENTS), fields.whole('frames', 0, MOST_FRAMES))


@contextlib.contextmanager
def _reading(state: Any) -> Iterator[Fields]:
    """Give a state's fields; one that is not as it must be raises ResetPolicyError."""
    try:
        yield Fields(state, 'policy')
    except FieldError as error:
        raise ResetPolicyError(f'the state of the reset policy cannot be read: {error}') from error


POLICIES: dict[str, Callable[[int], ResetPolicy]] = {
    'never': lambda interval: Never(), 'interval': Interval, 'adaptive': lambda interval: Adaptive()}


def make_reset_policy(name: str, interval: int) -> ResetPolicy:
    """Return a policy by its name; interval: frames in a segment, for 'interval' alone. Raises ResetPolicyError."""
    if name not in POLICIES:
        raise ResetPolicyError(f'reset policy {name!r} is unknown: take one of {", ".join(POLICIES)}')
    return POLICIES[name](interval)


def check_state(state: Any) -> None:
    """Raise ResetPolicyError unless it is the state of one of the policies: of the one that has most of its fields."""
    with _reading(state):
        policy, known = max(((policy, policy.state().keys()) for policy in (make(2) for make in POLICIES.values())),
                            key=lambda pair: (len(pair[1] & state.keys()), -len(pair[1])))
        if unknown := state.keys() - known:
            raise FieldError(f'policy.{min(unknown)} is a field that nobody knows')
        policy.restore(state)
