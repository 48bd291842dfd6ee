# SPDX-License-Identifier: Apache-2.0
"""Does the tracking state tell the truth? Mishaps done to synthetic films, and films without any."""

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
from ttt3r_ros.evaluation.trial import RATE, SIZE
from ttt3r_ros.model.checkpoint import LoadedNetwork, load_network
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.reset_policy import make_reset_policy
from ttt3r_ros.reconstruction.tracking import HAND_HELD, Bounds, TrackingMonitor, TrackingState
from ttt3r_ros.reconstruction.trajectory import extent
from ttt3r_ros.reconstruction.weights_profile import SegmentSettings
from ttt3r_ros.synthetic import World
from ttt3r_ros.synthetic.mishap import blackout, covered, cut, turn_in_place

FRAMES, WAY = 100, 150  # of a way walked in so many, at 10 a second no faster than people walk and robots drive
DURATION = 20  # frames: 2 s
WITHIN = 3  # frames from its beginning in which a mishap should be told
TURN_RATES = (0.02, 0.12)  # radians a frame: 11 to 69 degrees a second
NORMAL, PURE_ROTATION = 'none', 'pure rotation'
MISHAPS = (NORMAL, PURE_ROTATION, 'blackout', 'covered lens', 'cut')


@dataclass(frozen=True)
class Plan:
    """Which weights, in which segments, on how many worlds; the bounds of the monitor.

    The seeds lie away from training's, the evaluation's and the calibration's.
    """

    weights: str
    segments: SegmentSettings
    worlds: int = 10
    bounds: Bounds = HAND_HELD
    first_seed: int = 210_000
    jobs: int = 1


@dataclass(frozen=True)
class Film:
    """images (n, h, w, 3) uint8, what happens in it, and from which frame to which (exclusive); (0, 0) for nothing."""

    mishap: str
    images: np.ndarray
    span: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Report:
    """One film: whether the mishap was told in time, and how many of its frames were called lost; of all others how
    many were, and how many degraded; the greatest step told, m/s and rad/s."""

    seed: int
    mishap: str
    told: bool
    lost_in: int
    frames_in: int
    lost: int
    degraded: int
    frames: int
    fastest: float
    fastest_turn: float


def films(seed: int) -> Iterator[Film]:
    """Yield a world's film as it is, with each mishap, and one of a camera that turns in place."""
    rng = np.random.default_rng([seed, 6])
    here, elsewhere = (_film(number) for number in (seed, seed + 500_000))
    start = int(rng.integers(20, FRAMES - DURATION - 15))
    end = start + DURATION
    yield Film(NORMAL, here)
    yield Film(PURE_ROTATION, turn_in_place(seed, FRAMES // 2, SIZE, rng.choice((-1, 1)) * rng.uniform(*TURN_RATES))[0])
    yield Film('blackout', blackout(here, start, DURATION, rng), (start, end))
    yield Film('covered lens', covered(here, start, DURATION, rng), (start, end))
    yield Film('cut', cut(here, start, elsewhere), (start, start + WITHIN))


def watch(seed: int, film: Film, loaded: LoadedNetwork, plan: Plan) -> Report:
    """Run a film and say what the monitor told of it."""
    reconstructor = Reconstructor(loaded.network, make_rule('ttt3r'), alignment=plan.segments.segment_alignment,
                                  policy=make_reset_policy(plan.segments.reset_policy,
                                                           plan.segments.reset_interval),
                                  monitor=TrackingMonitor(plan.bounds))
    states, told = [], []
    for i, image in enumerate(film.images):
        stamp = (i + 1) * 1_000_000_000 // RATE
        frame = reconstructor.step(image, stamp=stamp)
        states.append(frame.tracking.state)
        if frame.trusted:
            told.append((stamp, frame.pose))
    steps = [(extent(np.linalg.inv(a) @ b), (after - before) / 1e9) for (before, a), (after, b) in zip(told, told[1:])]
    start, end = film.span
    # What a mishap leaves behind is its own: the first usable image begins anew.
    apart = [s for i, s in enumerate(states) if not start <= i < end]
    lost = [s is TrackingState.LOST for s in states[start:end]]
    return Report(seed, film.mishap, any(lost[:WITHIN]), sum(lost), len(lost),
                  sum(s is TrackingState.LOST for s in apart), sum(s is TrackingState.DEGRADED for s in apart),
                  len(apart), max(way / s for (way, _), s in steps), max(turn / s for (_, turn), s in steps))


def carry_out(plan: Plan, progress: Callable[[int], None]) -> list[Report]:
    """Run all worlds, a few at a time, in the order of their seeds."""
    seeds = range(plan.first_seed, plan.first_seed + plan.worlds)
    return [report for reports in worlds.each(partial(_world, plan), seeds, plan.jobs, progress) for report in reports]


def results_table(plan: Plan, reports: Sequence[Report]) -> Table:
    """Return a row for each mishap."""
    table = Table(title=f'{plan.weights}: {plan.worlds} synthetic worlds, a film of {FRAMES / RATE:g} s each')
    for name in ('mishap', f'told within {WITHIN} frames', 'lost while it lasts', 'lost otherwise',
                 'in doubt otherwise', 'greatest step told'):
        table.add_column(name, justify='left' if name == 'mishap' else 'right')
    for mishap in MISHAPS:
        mine = [report for report in reports if report.mishap == mishap]
        told = f'{sum(r.told for r in mine)} of {len(mine)}' if any(r.frames_in for r in mine) else ''
        frames = sum(r.frames for r in mine)
        during = f'{sum(r.lost_in for r in mine)} of {sum(r.frames_in for r in mine)}' if told else ''
        table.add_row(mishap, told, during, *(f'{sum(counts)} of {frames} ({sum(counts) / frames:.2%})' for counts in (
            [r.lost for r in mine], [r.degraded for r in mine])),
                      f'{max(r.fastest for r in mine):.2f} m/s, {max(r.fastest_turn for r in mine):.2f} rad/s')
    return table


def save(target: Path, plan: Plan, reports: Sequence[Report]) -> None:
    """Write every film's report as JSON. Raises OSError."""
    target.write_text(json.dumps({'plan': asdict(plan), 'reports': [asdict(r) for r in reports]}, indent=1) + '\n')


def _world(plan: Plan, seed: int) -> list[Report]:
    loaded = load_network(plan.weights)
    return [watch(seed, film, loaded, plan) for film in films(seed)]


def _film(seed: int) -> np.ndarray:
    return np.stack([image for image, _ in islice(World(seed, WAY, SIZE).film(), FRAMES)])
