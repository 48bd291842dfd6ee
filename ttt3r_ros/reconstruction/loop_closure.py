# SPDX-License-Identifier: Apache-2.0
"""Loop closure by the memory itself: where a segment ended, its state is kept, and asked again on the way past.

A state is of fixed size and knows its place. So a kept one, asked about an image taken near by, answers with that
image's pose in its own segment, without the drift in between. Poses: (4, 4), camera-to-world, metres.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ttt3r_ros.model.recurrence import Memory, NonFinitePrediction
from ttt3r_ros.reconstruction.likeness import mutual_likeness
from ttt3r_ros.reconstruction.trajectory import Boundary, between, extent

CANDIDATES = 3  # keyframes that are asked at a reset: each costs the decoding of one frame
METRES_PER_RADIAN = 1.5  # what a turn counts beside a distance
MOST_KEYFRAMES = 10_000  # that may be kept
FEWEST_IN_VIEW = 0.4  # share of either image's pixels


class LoopClosureError(ValueError):
    """A number of keyframes that cannot be kept."""


@dataclass(frozen=True)
class Limits:
    """Which keyframes are asked, and which answers are believed: a wrong yes is worse than many a wrong no.

    age: segments that lie between at least; nearer in time there is no drift to take away. distance m, turn rad: from
    the keyframe, by the drifted path. answered_distance, answered_turn: the same by the answer; small networks that
    are asked from farther away say that they stand still. likeness: both ways round, see `mutual_likeness`. trust: the
    part of the way from the pose as known so far to the answered one that is taken, as neither is certain.
    """

    age: int = 3
    distance: float = 1.0
    turn: float = 0.7
    answered_distance: float = 0.3
    answered_turn: float = 0.2
    likeness: float = 0.85
    trust: float = 0.6


@dataclass(frozen=True)
class Keyframe:
    """The memory at a segment's end, and its last frame: image uint8 (h, w, 3), how that segment saw it, its pose in
    the map, the path's metres per metre of the segment's, and its number among the frames."""

    memory: Memory
    image: np.ndarray
    boundary: Boundary
    pose: np.ndarray
    scale: float
    segment: int
    index: int


@dataclass(frozen=True)
class Closure:
    """The keyframe that was recognised, how like the images are, and the present frame's pose in the map."""

    keyframe: Keyframe
    likeness: float
    pose: np.ndarray


class LoopCloser:
    """Keyframes, as many as there is room for; not thread-safe."""

    def __init__(self, capacity: int, limits: Limits = Limits()) -> None:
        """Take how many are kept; 0: none, and no loop is closed. Raises LoopClosureError for a negative number."""
        if capacity < 0:
            raise LoopClosureError(f'{capacity} keyframes cannot be kept: take 0 (no loop closure) or more')
        self._capacity, self._limits = capacity, limits
        self._keyframes: list[Keyframe] = []

    def __len__(self) -> int:
        """Return how many keyframes are kept."""
        return len(self._keyframes)

    def close(self, image: np.ndarray, pose: np.ndarray, segment: int,
              ask: Callable[[Memory], Boundary]) -> Closure | None:
        """Return which keyframe an image shows again, None if none is recognised.

        pose: in the map, as far as known. ask: what a memory says of the image; it may raise NonFinitePrediction, which
        is no answer.
        """
        best = None
        for keyframe in self._candidates(pose, segment):
            try:
                found = ask(keyframe.memory)
            except NonFinitePrediction:
                continue
            step = np.linalg.inv(keyframe.boundary.pose) @ found.pose
            alike = mutual_likeness(keyframe.image, keyframe.boundary, image, found, FEWEST_IN_VIEW)
            step[:3, 3] *= keyframe.scale
            distance, turn = extent(step)
            if (alike >= self._limits.likeness and distance <= self._limits.answered_distance
                    and turn <= self._limits.answered_turn and (best is None or alike > best.likeness)):
                best = Closure(keyframe, alike, between(pose, keyframe.pose @ step, self._limits.trust))
        return best

    def keep(self, keyframe: Keyframe) -> None:
        """Keep one more; where there is no room, the later one of the two that are nearest to each other goes.

        Of two resets with no image between them the first alone has a memory of more than that image.
        """
        if not self._capacity or self._keyframes and self._keyframes[-1].index == keyframe.index:
            return
        self._keyframes.append(keyframe)
        if len(self._keyframes) > self._capacity:
            del self._keyframes[_redundant([k.pose for k in self._keyframes])]

    @property
    def kept(self) -> list[Keyframe]:
        """All that are kept."""
        return list(self._keyframes)

    def within(self, most_bytes: int) -> list[Keyframe]:
        """Return keyframes of so many bytes at most: where there are more, what is seen twice is left out first."""
        found, left = list(self._keyframes), sum(map(_bytes, self._keyframes))
        while found and left > most_bytes:
            left -= _bytes(found.pop(_redundant([k.pose for k in found]) if len(found) > 1 else 0))
        return found

    def restore(self, keyframes: Sequence[Keyframe]) -> None:
        """Take these in place of what is kept, as far as there is room."""
        self.forget()
        for keyframe in keyframes:
            self.keep(keyframe)

    def forget(self) -> None:
        """Drop all keyframes: the path goes on in another map."""
        self._keyframes.clear()

    def _candidates(self, pose: np.ndarray, segment: int) -> list[Keyframe]:
        near = []
        for keyframe in self._keyframes:
            distance, turn = extent(np.linalg.inv(keyframe.pose) @ pose)
            if (segment - keyframe.segment >= self._limits.age and distance <= self._limits.distance
                    and turn <= self._limits.turn):
                near.append((distance + METRES_PER_RADIAN * turn, keyframe))
        return [keyframe for _, keyframe in sorted(near, key=lambda one: one[0])[:CANDIDATES]]


def _bytes(keyframe: Keyframe) -> int:
    memory, seen = keyframe.memory, keyframe.boundary
    return (memory.state.nbytes + memory.pose_memory.nbytes + keyframe.image.nbytes + seen.points.nbytes
            + seen.confidence.nbytes)


def _redundant(poses: Sequence[np.ndarray]) -> int:
    """Return the index of the later one of the two nearest poses."""
    places = np.array([pose[:3, 3] for pose in poses])
    turns = np.array([pose[:3, :3] for pose in poses])
    distance = np.linalg.norm(places[:, None] - places[None], axis=-1)
    cosine = (np.einsum('iab,jab->ij', turns, turns) - 1) / 2
    apart = distance + METRES_PER_RADIAN * np.arccos(np.clip(cosine, -1, 1))
    earlier, later = np.triu_indices(len(poses), 1)
    return int(later[np.argmin(apart[earlier, later])])
