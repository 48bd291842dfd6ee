# SPDX-License-Identifier: Apache-2.0
"""What a path is worth, as far as can be told without a truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ttt3r_ros.reconstruction.tracking import TrackingState
from ttt3r_ros.reconstruction.weights_profile import Familiarity

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

    @property
    def sentence(self) -> str:
        """The verdict's numbers and reasons in one line."""
        told = f'{self.tracked} of {self.images} images tracked'
        if self.begun_again:
            told += f', begun again {self.begun_again} time{"s"[:self.begun_again > 1]}'
        return '; '.join((told, *self.why))


def judge(states: Sequence[TrackingState], trusted: Sequence[bool], familiarity: Familiarity, *,
          trained: bool, unusable: int = 0) -> Verdict:
    """Return the verdict on a path: each answered image's state, and whether its pose is trusted.

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
    if trained and tracked and not any(state in (TrackingState.OK, TrackingState.DEGRADED) for state in states):
        why.append('tracking never got beyond its beginning')
    if tracked < TRACKED_WELL * images:
        why.append(f'{_counted(images - tracked, "image has", "images have")} no pose' + (
            f', {unusable} of them because nothing could be made of them' if unusable else ''))
    if trained and degraded > DEGRADED_AT_MOST * images:
        why.append(f'{_counted(degraded, "pose is", "poses are")} in doubt')
    if familiarity.outside:
        why.append('the weights have not seen such pictures: ' + ', '.join(familiarity.outside))
    if not states:
        why.append('no image was answered')
    # Where it began again, the place is the last one known, and not seen.
    lost = tracked - begun_again < TRACKED_AT_ALL * images or not states
    return Verdict(LOST if lost else DOUBTFUL if why else GOOD, tuple(why), images, tracked, degraded, begun_again,
                   familiarity)


def _counted(number: int, one: str, many: str) -> str:
    return f'{number} {one if number == 1 else many}'
