# SPDX-License-Identifier: Apache-2.0
"""Does the tracking state tell the truth? Mishaps done to synthetic films, and films without any; by the images alone,
or with a gyroscope that goes on with the camera whatever its images show."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice, product
from pathlib import Path

import numpy as np
from rich.table import Table
from scipy.spatial.transform import Rotation

from ttt3r_ros.evaluation import worlds
from ttt3r_ros.evaluation.trial import RATE, SIZE
from ttt3r_ros.model.checkpoint import LoadedNetwork, load_network, weights_file
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.reconstruction.covariance_fit import load_fit
from ttt3r_ros.reconstruction.frame import Frame
from ttt3r_ros.reconstruction.gyroscope import Gyroscope
from ttt3r_ros.reconstruction.odometry import Odometry
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.tracking import DENIED, HAND_HELD, Bounds, TrackingMonitor, TrackingState
from ttt3r_ros.reconstruction.trajectory import extent
from ttt3r_ros.reconstruction.uncertainty import Coefficients
from ttt3r_ros.reconstruction.weights_profile import SegmentSettings
from ttt3r_ros.synthetic import World
from ttt3r_ros.synthetic.gyroscope import Gyroscope as Sensor
from ttt3r_ros.synthetic.gyroscope import Motion
from ttt3r_ros.synthetic.mishap import blackout, covered, cut, frozen, turn_in_place

FRAMES, WAY = 100, 150  # of a way walked in so many, at 10 a second no faster than people walk and robots drive
DURATION = 20  # frames: 2 s
WITHIN = 3  # frames from its beginning in which a mishap should be told
TURNED = np.radians((15.0, 45.0))  # by how much another camera of the same robot looks aside
TURN_RATES = (0.02, 0.12)  # radians a frame: 11 to 69 degrees a second
NORMAL, PURE_ROTATION = 'none', 'pure rotation'
MISHAPS = (NORMAL, PURE_ROTATION, 'blackout', 'covered lens', 'cut', 'other camera', 'frozen')
ALONE, GYROSCOPE = 'images alone', 'gyroscope'


@dataclass(frozen=True)
class Plan:
    """Which weights, in which segments, on how many worlds; the bounds of the monitor; gyroscope: with one, too.

    The seeds lie away from training's, the evaluation's and the calibration's.
    """

    weights: str
    segments: SegmentSettings
    worlds: int = 10
    bounds: Bounds = HAND_HELD
    gyroscope: bool = False
    first_seed: int = 210_000
    jobs: int = 1


@dataclass(frozen=True)
class Film:
    """images (n, h, w, 3) uint8, the true poses (n, 4, 4) that the gyroscope takes, what happens in it, and from
    which frame to which (exclusive); (0, 0) for nothing. then: poses on which the gyroscope goes from that frame on."""

    mishap: str
    images: np.ndarray
    poses: np.ndarray
    span: tuple[int, int] = (0, 0)
    then: np.ndarray | None = None


@dataclass(frozen=True)
class Report:
    """One film, by which of ALONE and GYROSCOPE: whether the mishap was told in time, and how many of its frames were
    called lost; of all others how many were, and how many degraded; denied: frames of which that was the gyroscope's
    word; the greatest step told, m/s and rad/s."""

    seed: int
    mishap: str
    by: str
    told: bool
    lost_in: int
    frames_in: int
    lost: int
    degraded: int
    denied: int
    frames: int
    fastest: float
    fastest_turn: float


def films(seed: int) -> Iterator[Film]:
    """Yield a world's film as it is, with each mishap, and one of a camera that turns in place."""
    rng = np.random.default_rng([seed, 6])
    (here, world), (elsewhere, away) = (_film(number) for number in (seed, seed + 500_000))
    poses = world.poses[:FRAMES]
    start = int(rng.integers(20, FRAMES - DURATION - 15))
    end = start + DURATION
    yield Film(NORMAL, here, poses)
    yield Film(PURE_ROTATION, *turn_in_place(seed, FRAMES // 2, SIZE, rng.choice((-1, 1)) * rng.uniform(*TURN_RATES)))
    yield Film('blackout', blackout(here, start, DURATION, rng), poses, (start, end))
    yield Film('covered lens', covered(here, start, DURATION, rng), poses, (start, end))
    yield Film('cut', cut(here, start, elsewhere), poses, (start, start + WITHIN), away.poses[:FRAMES])
    aside = poses[start:].copy()
    aside[:, :3, :3] @= Rotation.from_euler('y', rng.choice((-1, 1)) * rng.uniform(*TURNED)).as_matrix()
    other = np.stack([image for image, _ in world.film_from(aside)])
    yield Film('other camera', np.concatenate((here[:start], other)), poses, (start, start + WITHIN))
    yield Film('frozen', frozen(here, start, DURATION, rng), poses, (start, end))


class Witness:
    """A gyroscope on the camera, which hears the answers as the node's does."""

    def __init__(self, film: Film, seed: int, coefficients: Coefficients) -> None:
        """Carry it along a film's true poses; the seed decides noise and bias."""
        stamps = np.array([_stamp(i) for i in range(len(film.poses))], dtype=np.int64)

        def carried(poses: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            return Sensor().film(Motion(stamps, poses), int(stamps[0]), int(stamps[-1]), np.eye(3),
                                 np.random.default_rng([seed, 22]))

        times, rates, _ = carried(film.poses)
        if film.then is not None:
            rates = np.where(times[:, None] < stamps[film.span[0]], rates, carried(film.then)[1])
        self._samples = zip(times.tolist(), rates)
        self._next = next(self._samples)
        self._gyroscope, self._odometry = Gyroscope(), Odometry(coefficients)

    def turn(self, start: int, end: int) -> np.ndarray | None:
        """Return what a TrackingMonitor asks of a witness."""
        while self._next is not None and self._next[0] <= end:
            self._gyroscope.add(*self._next)
            self._next = next(self._samples, None)
        return self._gyroscope.turn(start, end)

    def learn(self, stamp: int, frame: Frame) -> None:
        """Take an answer that was told."""
        told = self._odometry.update(frame.pose, np.eye(4), stamp, frame.confidence_median, frame.segment,
                                     frame.unseen_motion, frame.step_covariance, frame.lens_doubt)
        if told.twist is None:
            self._gyroscope.forget_answers()
        self._gyroscope.learn(stamp, frame.pose[:3, :3], frame.pose[:3, 3], told.turn_rate_deviation)


def watch(seed: int, film: Film, loaded: LoadedNetwork, plan: Plan, witness: Witness | None = None) -> Report:
    """Run a film and say what the monitor told of it; witness: of the camera's turns."""
    reconstructor = Reconstructor(loaded.network, make_rule('ttt3r'), **plan.segments.options(),
                                  monitor=TrackingMonitor(plan.bounds))
    reconstructor.monitor.witness = witness.turn if witness else None
    states, told, denied = [], [], 0
    for i, image in enumerate(film.images):
        stamp = _stamp(i)
        frame = reconstructor.step(image, stamp=stamp)
        states.append(frame.tracking.state)
        denied += DENIED in frame.tracking.reason and frame.tracking.state is not TrackingState.INITIALISING
        if frame.trusted:
            told.append((stamp, frame.pose))
            if witness:
                witness.learn(stamp, frame)
    steps = [(extent(np.linalg.inv(a) @ b), (after - before) / 1e9) for (before, a), (after, b) in zip(told, told[1:])]
    start, end = film.span
    # What a mishap leaves behind is its own: the first usable image begins anew.
    apart = [s for i, s in enumerate(states) if not start <= i < end]
    lost = [s is TrackingState.LOST for s in states[start:end]]
    return Report(seed, film.mishap, GYROSCOPE if witness else ALONE, any(lost[:WITHIN]), sum(lost), len(lost),
                  sum(s is TrackingState.LOST for s in apart), sum(s is TrackingState.DEGRADED for s in apart),
                  denied, len(apart), max(way / s for (way, _), s in steps), max(turn / s for (_, turn), s in steps))


def carry_out(plan: Plan, progress: Callable[[int], None]) -> list[Report]:
    """Run all worlds, a few at a time, in the order of their seeds."""
    seeds = range(plan.first_seed, plan.first_seed + plan.worlds)
    return [report for reports in worlds.each(partial(_world, plan), seeds, plan.jobs, progress) for report in reports]


def results_table(plan: Plan, reports: Sequence[Report]) -> Table:
    """Return a row for each mishap."""
    table = Table(title=f'{plan.weights}: {plan.worlds} synthetic worlds, a film of {FRAMES / RATE:g} s each')
    ways = (ALONE, GYROSCOPE) if plan.gyroscope else (ALONE,)
    for name in ('mishap', 'by', f'told within {WITHIN} frames', 'lost while it lasts', 'lost otherwise',
                 'in doubt otherwise', 'greatest step told'):
        table.add_column(name, justify='left' if name in ('mishap', 'by') else 'right')
    for mishap, by in product(MISHAPS, ways):
        mine = [report for report in reports if (report.mishap, report.by) == (mishap, by)]
        told = f'{sum(r.told for r in mine)} of {len(mine)}' if any(r.frames_in for r in mine) else ''
        frames = sum(r.frames for r in mine)
        during = f'{sum(r.lost_in for r in mine)} of {sum(r.frames_in for r in mine)}' if told else ''
        otherwise = (sum(r.lost for r in mine), sum(r.degraded for r in mine))
        table.add_row(mishap, by, told, during, *(f'{count} of {frames} ({count / frames:.2%})' for count in otherwise),
                      f'{max(r.fastest for r in mine):.2f} m/s, {max(r.fastest_turn for r in mine):.2f} rad/s')
    return table


def save(target: Path, plan: Plan, reports: Sequence[Report]) -> None:
    """Write every film's report as JSON. Raises OSError."""
    target.write_text(json.dumps({'plan': asdict(plan), 'reports': [asdict(r) for r in reports]}, indent=1) + '\n')


def _world(plan: Plan, seed: int) -> list[Report]:
    loaded = load_network(plan.weights)
    coefficients = load_fit(weights_file(plan.weights)).coefficients
    reports = []
    for film in films(seed):
        reports.append(watch(seed, film, loaded, plan))
        if plan.gyroscope:
            reports.append(watch(seed, film, loaded, plan, Witness(film, seed, coefficients)))
    return reports


def _film(seed: int) -> tuple[np.ndarray, World]:
    world = World(seed, WAY, SIZE)
    return np.stack([image for image, _ in islice(world.film(), FRAMES)]), world


def _stamp(index: int) -> int:
    """Return a frame's, ns."""
    return (index + 1) * 1_000_000_000 // RATE
