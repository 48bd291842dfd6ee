# SPDX-License-Identifier: Apache-2.0
"""Does a restart go on where the camera is, or refuse? Films that are cut off, and what a camera may see then.

The cases: the camera stood still; it went on by so many frames; it is elsewhere in the room, or in another; what it
sees is black, noise, or a hand. An answer is right within RIGHT_M and RIGHT_DEG of the truth, from the saved pose.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from rich.table import Table

from ttt3r_ros.evaluation import worlds
from ttt3r_ros.evaluation.trial import RATE, SIZE
from ttt3r_ros.model.checkpoint import LoadedNetwork, load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.relocation import Limits, Relocation
from ttt3r_ros.reconstruction.tracking import HAND_HELD, TrackingMonitor
from ttt3r_ros.reconstruction.trajectory import extent
from ttt3r_ros.reconstruction.weights_profile import SegmentSettings
from ttt3r_ros.synthetic import Camera, Room, World
from ttt3r_ros.synthetic.mishap import blackout, covered

RIGHT_M, RIGHT_DEG = 0.3, 10.0
SHOWN = 9  # images after a restart: by then it is decided
STEPS = (1, 3, 10, 30)  # frames by which a camera went on
WAY = 150  # frames of a walk
EARLIEST, LATEST = 20, 60  # frames after which a film is cut off
AWAY_M, AWAY_RAD = 1.0, 1.0  # what is elsewhere
PAUSE = 20  # frames' time that a restart takes
EVERY = 4  # of a real film's frames it is cut off after each so many
KINDS = ('stood still', *(f'went on by {n}' for n in STEPS), 'elsewhere', 'another room', 'black', 'noise', 'covered')
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.92, Limits().likeness, 0.96, 0.98)
CREDULOUS = Limits(likeness=-1.0, lasting=-1.0)


@dataclass(frozen=True)
class Plan:
    """Which weights, in which segments; how many worlds from which seed on, and the thresholds of likeness to try.

    The seeds lie away from training's and all other measurements'.
    """

    weights: str
    segments: SegmentSettings
    worlds: int = 20
    thresholds: tuple[float, ...] = THRESHOLDS
    first_seed: int = 260_000
    jobs: int = 1


@dataclass(frozen=True)
class Film:
    """images (n, h, w, 3) uint8 and true poses (n, 4, 4), camera-to-world, metres."""

    images: Sequence[np.ndarray]
    poses: np.ndarray


@dataclass(frozen=True)
class Scene:
    """What a camera sees after a restart: SHOWN images, and their true poses (SHOWN, 4, 4), None where there are none
    that the memory could know."""

    kind: str
    images: Sequence[np.ndarray]
    poses: np.ndarray | None


@dataclass(frozen=True)
class Restart:
    """One restart at one threshold of likeness: whether it was believed, and whether the pose told is right, or, where
    it was refused, the one that it would have told without asking the images. error m, turn degrees: of that pose, NaN
    without truth."""

    film: int
    kind: str
    threshold: float
    believed: bool
    right: bool
    error: float
    turn: float


def scenes_of_a_room(seed: int) -> tuple[Film, list[Scene]]:
    """Return a room's film up to where it is cut off, and what may be seen after that."""
    rng = np.random.default_rng([seed, 7])
    world, there = World(seed, WAY, SIZE), World(seed + 500_000, WAY, SIZE)
    saved = int(rng.integers(EARLIEST, LATEST))
    film = [image for image, _ in islice(world.film(), saved + max(STEPS) + SHOWN)]
    away = _away(world.poses, saved - 1)
    begin, other = int(rng.choice(away)), int(rng.integers(WAY - SHOWN))
    still = _seen(seed, np.repeat(world.poses[saved - 1:saved], SHOWN, 0))
    scenes = [
        Scene(KINDS[0], still, np.repeat(world.poses[saved - 1:saved], SHOWN, 0)),
        *_went_on(Film(film, world.poses), saved),
        Scene('elsewhere', _seen(seed, world.poses[begin:begin + SHOWN]), world.poses[begin:begin + SHOWN]),
        Scene('another room', _seen(seed + 500_000, there.poses[other:other + SHOWN]), None),
        *_spoiled(still, rng)]
    return Film(film[:saved], world.poses[:saved]), scenes


def scenes_of_a_film(film: Film, saved: int, other: Sequence[np.ndarray]) -> tuple[Film, list[Scene]]:
    """Return a real film up to where it is cut off, and what may be seen after that; other: another place's images.

    A camera that stood still is the last image, a little brighter or darker, with a little noise.
    """
    rng = np.random.default_rng([saved, 8])
    last = film.images[saved - 1]
    still = np.stack([(last * rng.uniform(0.9, 1.05) + rng.normal(0, 3, last.shape)).clip(0, 255).astype(np.uint8)
                      for _ in range(SHOWN)])
    scenes = [Scene(KINDS[0], still, np.repeat(film.poses[saved - 1:saved], SHOWN, 0)), *_went_on(film, saved)]
    away = _away(film.poses, saved - 1)
    if len(away):
        begin = int(rng.choice(away))
        scenes.append(Scene('elsewhere', film.images[begin:begin + SHOWN], film.poses[begin:begin + SHOWN]))
    if len(other) > SHOWN:
        begin = int(rng.integers(len(other) - SHOWN))
        scenes.append(Scene('another room', other[begin:begin + SHOWN], None))
    return Film(film.images[:saved], film.poses[:saved]), [*scenes, *_spoiled(still, rng)]


def restart(number: int, film: Film, scenes: Iterable[Scene], loaded: LoadedNetwork, plan: Plan) -> Iterator[Restart]:
    """Reconstruct a film, and restart into each scene at each threshold."""
    one = _reconstructor(loaded, plan, watched=True)
    for i, image in enumerate(film.images):
        one.step(image, stamp=_stamp(i))
    snapshot, stored = one.snapshot(), one.last_view.pose

    def told(scene: Scene, limits: Limits, watched: bool) -> tuple[Relocation, tuple[bool, float, float]]:
        asked = Relocation(_reconstructor(loaded, plan, watched), snapshot, _stamp(len(film.images) - 1), limits)
        for i, image in enumerate(scene.images):
            frame = asked.step(image, stamp=_stamp(len(film.images) + PAUSE + i))
            if asked.believed:
                return asked, _error(film, scene, i, np.linalg.inv(stored) @ frame.pose)
            if frame is None:
                break
        return asked, (False, np.nan, np.nan)

    for scene in scenes:
        would_be = told(scene, CREDULOUS, watched=False)[1]
        last, compared = np.inf, []
        for threshold in sorted(plan.thresholds, reverse=True):
            # Where no likeness lies between two thresholds they come to the same.
            if last == np.inf or any(threshold <= alike < last for alike in compared):
                asked, found = told(scene, replace(Limits(), likeness=threshold), watched=True)
                compared = asked.likenesses
            last = threshold
            yield Restart(number, scene.kind, threshold, asked.believed, *(found if asked.believed else would_be))


def carry_out(plan: Plan, progress: Callable[[int], None]) -> list[Restart]:
    """Restart in all worlds, a few at a time, in the order of their seeds."""
    seeds = range(plan.first_seed, plan.first_seed + plan.worlds)
    return [one for found in worlds.each(partial(_world, plan), seeds, plan.jobs, progress) for one in found]


def carry_out_film(plan: Plan, film: Film, other: Sequence[np.ndarray],
                   progress: Callable[[int], None]) -> list[Restart]:
    """Restart after each EVERY-th image of a real film."""
    loaded, found = load_network(plan.weights), []
    for saved in cuts(len(film.images)):
        found += restart(saved, *scenes_of_a_film(film, saved, other), loaded, plan)
        progress(saved)
    return found


def cuts(images: int) -> range:
    """Return after how many of a real film's images it is cut off."""
    return range(EARLIEST, images - SHOWN, EVERY)


@dataclass(frozen=True)
class Counts:
    """Restarts by what became of them; right_refused: whose answer would have been right."""

    right_taken: int
    right_refused: int
    wrong_taken: int
    wrong_refused: int

    @classmethod
    def of(cls, restarts: Iterable[Restart]) -> Counts:
        """Count."""
        found = [(one.right, one.believed) for one in restarts]
        return cls(*(found.count(case) for case in ((True, True), (True, False), (False, True), (False, False))))

    def __str__(self) -> str:
        """Return both shares."""
        return ', '.join(f'{taken} of {taken + refused}' + (f' ({taken / (taken + refused):.1%})' if taken + refused
                                                          else '') for taken, refused in (
            (self.right_taken, self.right_refused), (self.wrong_taken, self.wrong_refused)))


def results_table(title: str, restarts: Sequence[Restart]) -> Table:
    """Return a row for each kind at the threshold in force, and one for all of them at each threshold."""
    table = Table(title=f'{title}: restarts, right within {RIGHT_M:g} m and {RIGHT_DEG:g}°')
    for name in ('after it the camera', 'likeness', 'goes on, right', 'right, refused', 'goes on, wrong', 'refused'):
        table.add_column(name, justify='left' if name.startswith('after') else 'right')
    force = Limits().likeness
    thresholds = sorted({one.threshold for one in restarts})
    rows = [(kind, threshold, [one for one in restarts if one.kind == kind and one.threshold == threshold])
            for threshold in thresholds if threshold == force for kind in KINDS]
    rows += [('all', threshold, [one for one in restarts if one.threshold == threshold]) for threshold in thresholds]
    for kind, threshold, mine in rows:
        if mine:
            table.add_row(kind, f'{threshold:g}', *map(str, asdict(Counts.of(mine)).values()))
    return table


def save(target: Path, plan: Plan, restarts: Sequence[Restart]) -> None:
    """Write every restart as JSON. Raises OSError."""
    target.write_text(json.dumps({'plan': asdict(plan), 'restarts': [asdict(one) for one in restarts]}) + '\n')


def _world(plan: Plan, seed: int) -> list[Restart]:
    return list(restart(seed, *scenes_of_a_room(seed), load_network(plan.weights), plan))


def _reconstructor(loaded: LoadedNetwork, plan: Plan, watched: bool) -> Reconstructor:
    return Reconstructor(loaded.network, make_rule('ttt3r'), **plan.segments.options(),
                         monitor=TrackingMonitor(HAND_HELD) if watched else None)


def _stamp(frame: int) -> int:
    return (frame + 1) * 1_000_000_000 // RATE


def _error(film: Film, scene: Scene, image: int, told: np.ndarray) -> tuple[bool, float, float]:
    """Return whether a pose told (4, 4), from the saved one, is right, and by how far it is off, metres and degrees."""
    if scene.poses is None:
        return False, np.nan, np.nan
    truth = np.linalg.inv(film.poses[-1]) @ scene.poses[image]
    error, turn = extent(np.linalg.inv(truth) @ told)
    return bool(error <= RIGHT_M and np.degrees(turn) <= RIGHT_DEG), error, float(np.degrees(turn))


def _went_on(film: Film, saved: int) -> Iterator[Scene]:
    for n in STEPS:
        begin = saved - 1 + n
        if begin + SHOWN <= len(film.images):
            yield Scene(f'went on by {n}', film.images[begin:begin + SHOWN], film.poses[begin:begin + SHOWN])


def _spoiled(still: np.ndarray, rng: np.random.Generator) -> Iterator[Scene]:
    yield Scene('black', blackout(still, 0, SHOWN, rng), None)
    yield Scene('noise', rng.integers(0, 255, still.shape, np.uint8), None)
    yield Scene('covered', covered(still, 0, SHOWN, rng), None)


def _away(poses: np.ndarray, saved: int) -> np.ndarray:
    """Return the frames from which SHOWN images show another part of the place than a saved one."""
    apart = np.array([extent(np.linalg.inv(poses[saved]) @ pose) for pose in poses])
    away = (apart > (AWAY_M, AWAY_RAD)).any(axis=1)
    return np.array([i for i in range(len(poses) - SHOWN) if away[i:i + SHOWN].all()], int)


def _seen(seed: int, poses: np.ndarray) -> np.ndarray:
    """Return what a room's camera sees, with other noise and light than in its film."""
    return np.stack([image for image, _ in Camera.draw(seed, SIZE).film(Room(seed), poses, seed + 1)])
