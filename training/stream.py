# SPDX-License-Identifier: Apache-2.0
"""Long sequences side by side, handed out chunk by chunk: what is to be remembered was seen in earlier chunks."""

from __future__ import annotations

import numpy as np

from training.sampling import Batch, Clip, Looks, Sampler

NARROW = 0.5  # of the lanes have narrow worlds: what was learned there is not to be forgotten
# How long a sequence is, in frames, and how often. Of a lane's frames half are in sequences of 16, as long as a robot's
# segments; of narrow worlds over a third are in ones that go round a whole room, some twice.
NARROW_LENGTHS = {16: 0.84, 64: 0.1, 192: 0.04, 384: 0.02}
WIDE_LENGTHS = {16: 0.8, 64: 0.2}
WIDE_STRIDES = (1, 1, 2, 3, 4, 6)  # a hand at 30 images a second moves little: film of 5 has turns of 13 degrees


class Stream:
    """Lanes, each with a sequence of its own; where one ends, the next begins in its place."""

    def __init__(self, sampler: Sampler, lanes: int, chunk: int, strides: tuple[int, ...]) -> None:
        """Take the number of lanes, the frames of a chunk, and the strides of narrow sequences that fit one."""
        self._sampler, self._chunk, self._strides = sampler, chunk, strides
        self._lanes: list[_Lane | None] = [None] * lanes
        self._looks: Looks | None = None

    def draw(self, rng: np.random.Generator) -> Batch:
        """Return each lane's next chunk, (lanes, chunk) frames; `truth.age` is 0 where a sequence begins."""
        ended = np.array([lane is None or lane.at + self._chunk > lane.clip.frames for lane in self._lanes])
        new = Looks.draw(rng, len(ended))
        self._looks = new if self._looks is None else self._looks.replaced(ended, _chosen(new, ended))
        for k in np.flatnonzero(ended):
            self._lanes[k] = _Lane(self._begin(rng, int(k)))
        clips = [lane.clip.part(lane.at, self._chunk) for lane in self._lanes]
        origin = np.stack([lane.pose(0) for lane in self._lanes])
        before = np.stack([lane.pose(max(lane.at - 1, 0)) for lane in self._lanes])
        age = np.array([lane.at for lane in self._lanes])
        for lane in self._lanes:
            lane.at += self._chunk
        return self._sampler.batch(clips, origin, self._looks, age, before)

    def _begin(self, rng: np.random.Generator, k: int) -> Clip:
        narrow = (k < NARROW * len(self._lanes) or not self._sampler.wide) and bool(self._sampler.narrow)
        films, lengths = ((self._sampler.narrow, NARROW_LENGTHS) if narrow else (self._sampler.wide, WIDE_LENGTHS))
        length = int(rng.choice(list(lengths), p=list(lengths.values())))
        strides = (1,) if length > self._chunk else self._strides if narrow else WIDE_STRIDES
        return self._sampler.sequence(rng, films, length, strides)


class _Lane:
    def __init__(self, clip: Clip) -> None:
        self.clip, self.at = clip, 0

    def pose(self, frame: int) -> np.ndarray:
        return self.clip.pose[frame]


def _chosen(looks: Looks, which: np.ndarray) -> Looks:
    return Looks(**{name: value[which] for name, value in vars(looks).items()})
