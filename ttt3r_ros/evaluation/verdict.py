# SPDX-License-Identifier: Apache-2.0
"""What a path is worth, as far as can be told without a truth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from ttt3r_ros.reconstruction.tracking import TrackingState
from ttt3r_ros.reconstruction.trajectory import extent
from ttt3r_ros.reconstruction.weights_profile import Familiarity, Source, TrainedOn, compare
from ttt3r_ros.sequences.rendered import RenderedRoom
from ttt3r_ros.sequences.sequence import Sequence as Frames

GOOD, DOUBTFUL, LOST = 'good', 'doubtful', 'lost'
TRACKED_WELL = 0.98  # share of the images whose pose is told
TRACKED_AT_ALL = 0.5
DEGRADED_AT_MOST = 0.1  # share of the images


@dataclass(frozen=True)
class Verdict:
    """word: 'good', 'doubtful' or 'lost'; why: a reason each, none where it is good.

    images that came, and of them: tracked, those whose pose is trusted; degraded, those trusted in doubt.
    begun_again: how often the path went on at the last trusted pose, with what lies between unseen. familiarity: have
    the weights seen such pictures?
    """

    word: str
    why: tuple[str, ...]
    images: int
    tracked: int
    degraded: int
    begun_again: int
    familiarity: Familiarity

    @classmethod
    def read(cls, values: dict) -> Verdict:
        """Return what `plain` gave."""
        seen = {name: tuple(reasons) for name, reasons in values['familiarity'].items()}
        return cls(**{**values, 'why': tuple(values['why']), 'familiarity': Familiarity(**seen)})

    def plain(self) -> dict:
        """Return it as JSON has it."""
        return json.loads(json.dumps(asdict(self)))

    @property
    def sentence(self) -> str:
        """The verdict's numbers and reasons in one line."""
        told = f'{self.tracked} of {self.images} images tracked'
        if self.begun_again:
            told += f', begun again {self.begun_again} time{"s"[:self.begun_again > 1]}'
        return '; '.join((told, *self.why))


def source_of(frames: Frames, size: tuple[int, int] | None) -> Source:
    """Return what is known of pictures of a size (width, height), pixels, before any is answered."""
    focal = np.nan if frames.intrinsics is None else frames.intrinsics[0, 0]
    view = float(np.degrees(2 * np.arctan(size[0] / 2 / focal))) if size else np.nan
    return Source(aspect=size[0] / size[1] if size else None, field_of_view=view if np.isfinite(view) else None,
                  synthetic=True if isinstance(frames, RenderedRoom) else None)


def judge_path(states: Sequence[TrackingState | None], trusted: Sequence[bool], poses: np.ndarray,
               confidences: Sequence[float], trained_on: TrainedOn, source: Source, *, trained: bool,
               unusable: int = 0) -> Verdict:
    """Return the verdict as `judge` does, with what the path tells of its pictures: usual steps and confidence.

    poses (n, 4, 4): the trusted ones, camera to world, metres; confidences: of the answered images, the medians over
    their points; source: what was known before; trained_on: what the weights have seen.
    """
    steps = [extent(step) for step in np.linalg.inv(poses[:-1]) @ poses[1:]]
    if steps and trained:
        way, turn = np.median(steps, axis=0)
        source = replace(source, step_m=float(way), step_deg=float(np.degrees(turn)),
                         confidence=float(np.median(confidences)))
    return judge(states, trusted, compare(trained_on, source), trained=trained, unusable=unusable)


def judge(states: Sequence[TrackingState | None], trusted: Sequence[bool], familiarity: Familiarity, *,
          trained: bool, unusable: int = 0) -> Verdict:
    """Return the verdict on a path: each answered image's state, None where nobody judged, and whether its pose is
    trusted.

    trained: whether the weights are more than random numbers. unusable: images that were not answered for what they
    are: stamps, bytes, predictions that are not finite.
    """
    images, tracked = len(states) + unusable, sum(trusted)
    degraded = sum(state is TrackingState.DEGRADED for state in states)
    begun_again = sum(state is TrackingState.INITIALISING and before is TrackingState.LOST
                      for before, state in zip(states, states[1:]))
    why = []
    if not trained:
        why.append('the weights are random')
    unjudged = sum(state is None for state in states)
    if trained and unjudged:
        why.append(f'{_counted(unjudged, "image was", "images were")} not judged')
    elif trained and tracked and not any(state in (TrackingState.OK, TrackingState.DEGRADED) for state in states):
        why.append('tracking never got beyond its beginning')
    if tracked < TRACKED_WELL * images:
        why.append(f'{_counted(images - tracked, "image has", "images have")} no pose' + (
            f', {unusable} of them because nothing could be made of them' if unusable else ''))
    if begun_again:  # the place is the last one known: after a cut any
        why.append('how far the camera went while it was lost was not seen')
    if trained and degraded > DEGRADED_AT_MOST * images:
        why.append(f'{_counted(degraded, "pose is", "poses are")} in doubt')
    if familiarity.outside:
        why.append('the weights have not seen such pictures: ' + ', '.join(familiarity.outside))
    if not states:
        why.append('no image was answered')
    lost = tracked - begun_again < TRACKED_AT_ALL * images or not states
    return Verdict(LOST if lost else DOUBTFUL if why else GOOD, tuple(why), images, tracked, degraded, begun_again,
                   familiarity)


def _counted(number: int, one: str, many: str) -> str:
    return f'{number} {one if number == 1 else many}'
