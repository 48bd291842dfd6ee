# SPDX-License-Identifier: Apache-2.0
"""What a reset policy is worth: paths through rooms under each, and whether a reset comes when something happens.

Paths are whole films without mishap. The adaptive policy is also shown, in the middle of each film, another room, a
hand on the lens, and light at DIM; and nothing at all, which asks how often it resets for nothing. No monitor watches:
it would begin a segment itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from rich.table import Table

from ttt3r_ros.evaluation import worlds
from ttt3r_ros.evaluation.accuracy import accuracy
from ttt3r_ros.evaluation.trial import RATE, SIZE
from ttt3r_ros.model.checkpoint import LoadedNetwork, load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import UNLIKE, Adaptive, Interval, Never, ResetPolicy
from ttt3r_ros.sequences import Trajectory
from ttt3r_ros.synthetic import World
from ttt3r_ros.synthetic.mishap import covered

INTERVALS = (16, 24, 32)
THRESHOLDS = (0.85, 0.9, UNLIKE, 0.97)
WAY = 300  # frames of a walk, of which a film is the beginning
EARLIEST, LATEST = 14, 22  # frames after which something happens
SHOWN = 8  # images of it, within which a reset must come
DIM = 0.15
KINDS = ('another room', 'covered', 'dim', 'nothing')


@dataclass(frozen=True)
class Setting:
    """interval: frames of a segment; unlike: least likeness of the adaptive policy. Neither: never a reset."""

    interval: int = 0
    unlike: float = 0.0

    def policy(self) -> ResetPolicy:
        """Return a fresh one."""
        return Interval(self.interval) if self.interval else Adaptive(unlike=self.unlike) if self.unlike else Never()

    def __str__(self) -> str:
        """Return what tables show."""
        return (f'every {self.interval} frames' if self.interval else f'likeness {self.unlike:g}' if self.unlike
                else 'never')


@dataclass(frozen=True)
class Plan:
    """Which weights, and how their segments are chained; how many rooms from which seed on and frames of each, and what
    to compare."""

    weights: str
    alignment: str
    worlds: int = 50
    frames: int = 48
    intervals: tuple[int, ...] = INTERVALS
    thresholds: tuple[float, ...] = THRESHOLDS
    first_seed: int = 290_000
    jobs: int = 1


@dataclass(frozen=True)
class Way:
    """A room's path under a setting: RMS error of its places after SE(3), metres; resets on it; and by kind whether a
    reset came within SHOWN images, of the adaptive policy alone."""

    room: int
    setting: Setting
    off: float
    resets: int
    came: dict[str, bool]


def ways(room: int, loaded: LoadedNetwork, plan: Plan) -> Iterator[Way]:
    """Walk through a room under each setting."""
    rng = np.random.default_rng([room, 9])
    world, there = World(room, WAY, SIZE), World(room + 500_000, WAY, SIZE)
    film = [image for image, _ in islice(world.film(), plan.frames)]
    begin = int(rng.integers(EARLIEST, LATEST))
    following = np.stack(film[begin:begin + SHOWN])
    mishaps = dict(zip(KINDS, ([image for image, _ in islice(there.film(), SHOWN)],
                               covered(following, 0, SHOWN, rng), (following * DIM).astype(np.uint8))))
    truth = Trajectory(np.arange(plan.frames, dtype=np.int64) * (1_000_000_000 // RATE), world.poses[:plan.frames])

    def walk(setting: Setting) -> tuple[Way, list[float]]:
        """Return the way, and the likenesses that decided it."""
        one = Reconstructor(loaded.network, make_rule('ttt3r'), alignment=plan.alignment, policy=setting.policy())
        poses, alike, came = [], [], {}

        def step(image: np.ndarray) -> np.ndarray:
            frame = one.step(image)
            alike.extend([] if frame.likeness is None else [frame.likeness])
            return frame.pose

        for i, image in enumerate(film):
            if i == begin and setting.unlike:
                snapshot, before = one.snapshot(), one.segment
                for kind, images in mishaps.items():
                    for shown in images:
                        step(shown)
                    came[kind] = one.segment > before
                    one.restore(snapshot)
            poses.append(step(image))
            if i == begin + SHOWN - 1 and setting.unlike:
                came[KINDS[-1]] = one.segment > before
        found = accuracy(Trajectory(truth.stamps, np.stack(poses)), truth)
        return Way(room, setting, np.nan if found is None else found.ate_se3, one.segment, came), alike

    for setting in (Setting(), *(Setting(interval=n) for n in plan.intervals)):
        yield walk(setting)[0]
    last, found, alike = np.inf, None, []
    for threshold in sorted(plan.thresholds, reverse=True):
        # Where no likeness lies between two thresholds they come to the same.
        if found is None or any(threshold <= one < last for one in alike):
            found, alike = walk(Setting(unlike=threshold))
        last = threshold
        yield Way(room, Setting(unlike=threshold), found.off, found.resets, found.came)


def carry_out(plan: Plan, progress: Callable[[int], None]) -> list[Way]:
    """Walk through all rooms, a few at a time, in the order of their seeds."""
    seeds = range(plan.first_seed, plan.first_seed + plan.worlds)
    return [way for found in worlds.each(partial(_room, plan), seeds, plan.jobs, progress) for way in found]


@dataclass(frozen=True)
class Summary:
    """One setting over all rooms: mean and median of RMS errors, metres, and the mean's deviation; mean resets; by
    kind, in how many rooms a reset came."""

    setting: Setting
    rooms: int
    mean: float
    deviation: float
    median: float
    resets: float
    came: dict[str, int]


def summaries(found: Sequence[Way]) -> list[Summary]:
    """Return one for each setting, in the order in which they come."""
    told = []
    for setting in dict.fromkeys(way.setting for way in found):
        mine = [way for way in found if way.setting == setting]
        off = np.array([way.off for way in mine])
        told.append(Summary(setting, len(mine), float(np.nanmean(off)),
                            float(np.nanstd(off) / np.sqrt(np.isfinite(off).sum())), float(np.nanmedian(off)),
                            float(np.mean([way.resets for way in mine])),
                            {kind: sum(way.came[kind] for way in mine) for kind in KINDS if setting.unlike}))
    return told


def results_table(title: str, found: Sequence[Way]) -> Table:
    """Return a row for each setting, the threshold in force marked."""
    table = Table(title=f'{title}: error of the path, and rooms where a reset came within {SHOWN} images')
    for name in ('reset', 'RMS, mean', 'median', 'resets', *KINDS):
        table.add_column(name, justify='left' if name == 'reset' else 'right')
    for one in summaries(found):
        table.add_row(f'{one.setting}{" (in force)" * (one.setting.unlike == UNLIKE)}',
                      f'{one.mean:.2f} ± {one.deviation:.2f} m', f'{one.median:.2f} m', f'{one.resets:.1f}',
                      *(f'{one.came[kind]} of {one.rooms}' if one.came else '' for kind in KINDS))
    return table


def save(target: Path, plan: Plan, found: Sequence[Way]) -> None:
    """Write every way as JSON. Raises OSError."""
    target.write_text(json.dumps({'plan': asdict(plan), 'ways': [asdict(way) for way in found]}) + '\n')


def _room(plan: Plan, seed: int) -> list[Way]:
    return list(ways(seed, load_network(plan.weights), plan))
