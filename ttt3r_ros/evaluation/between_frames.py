# SPDX-License-Identifier: Apache-2.0
"""How right odometry is between two answered images: synthetic worlds at 10 images a second, a gyroscope of 200 Hz.

At each of 100 moments a second the pose is told from what is there by then: images whose answers come LATENCY_NS after
their stamps, and the gyroscope's samples. What is measured is the motion since the last answered image against the true
one, under three ways: the last pose held, the last twist held, and the gyroscope's turn with the last twist's way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.table import Table
from scipy.spatial.transform import Rotation

from ttt3r_ros.evaluation import worlds
from ttt3r_ros.evaluation.trial import Setting, Trial
from ttt3r_ros.model.checkpoint import load_network, weights_file
from ttt3r_ros.reconstruction.covariance_fit import load_fit
from ttt3r_ros.reconstruction.dead_reckoning import DeadReckoning
from ttt3r_ros.reconstruction.gyroscope import Gyroscope
from ttt3r_ros.reconstruction.odometry import Estimate, Odometry
from ttt3r_ros.synthetic.gyroscope import Gyroscope as Sensor
from ttt3r_ros.synthetic.gyroscope import Motion

TICK_NS = 10_000_000
LATENCY_NS = 60_000_000
WAYS = ('last pose held', 'twist held', 'gyroscope')
MOUNT = Rotation.from_euler('xyz', (2.0, -0.3, 1.1)).as_matrix()  # the sensor's axes in the camera's


@dataclass(frozen=True)
class Plan:
    """Which weights, on how many worlds of how many frames, reset and chained how; wide: as in Trial."""

    weights: str
    setting: Setting
    worlds: int
    frames: int
    wide: bool = False
    first_seed: int = 3000
    device: str = 'cpu'
    jobs: int = 1


@dataclass(frozen=True)
class Errors:
    """Of one way on one world, RMS over all moments: heading and rotation in degrees, place in metres; at_stamp: of the
    rotation at the images' own stamps, degrees; expected: of the place, squared over what its covariance says."""

    heading: float
    rotation: float
    place: float
    at_stamp: float
    expected: float


def carry_out(plan: Plan, progress: Callable[[int], None]) -> list[dict[str, Errors]]:
    """Measure every world, a few at a time."""
    return worlds.each(partial(_world, plan), range(plan.first_seed, plan.first_seed + plan.worlds), plan.jobs,
                       progress)


def mean(found: list[dict[str, Errors]], way: str) -> Errors:
    """Return the root of the mean square over the worlds."""
    rows = np.array([list(asdict(world[way]).values()) for world in found])
    return Errors(*np.sqrt((rows ** 2).mean(axis=0)))


def results_table(plan: Plan, found: list[dict[str, Errors]]) -> Table:
    """Return a row for each way."""
    table = Table(title=f'{plan.weights}: 100 poses a second between 10 images, {plan.worlds} worlds of {plan.frames}')
    for name in ('between frames', 'heading (deg)', 'of holding', 'rotation (deg)', "at an image's stamp", 'place (m)'):
        table.add_column(name, justify='left' if name == 'between frames' else 'right')
    held = mean(found, WAYS[0])
    for way in WAYS:
        errors = mean(found, way)
        table.add_row(way, f'{errors.heading:.3f}', f'{errors.heading / held.heading:.2f}', f'{errors.rotation:.3f}',
                      f'{errors.at_stamp:.3f}', f'{errors.place:.4f}')
    return table


def save(target: Path, plan: Plan, found: list[dict[str, Errors]]) -> None:
    """Write the plan and every number. Raises OSError."""
    target.write_text(json.dumps({'plan': asdict(plan), 'worlds': [
        {way: asdict(errors) for way, errors in world.items()} for world in found]}, indent=1) + '\n')


def measure(stamps: np.ndarray, truth: np.ndarray, answers: list[Estimate], seed: int) -> dict[str, Errors]:
    """Return each way's errors, for true poses (n, 4, 4) at stamps (n,), ns, and what was answered of them."""
    motion = Motion(stamps, truth)
    times, rates, _ = Sensor().film(motion, int(stamps[0]), int(stamps[-1]), MOUNT, np.random.default_rng([seed, 21]))
    gyroscope = Gyroscope()

    def turn(start: int, end: int) -> np.ndarray | None:
        turned = gyroscope.turn(start, end)
        return None if turned is None else MOUNT @ turned @ MOUNT.T

    ways = {'last pose held': None, 'twist held': DeadReckoning(), 'gyroscope': DeadReckoning(turn)}
    rows: dict[str, list[tuple[np.ndarray, float, bool]]] = {way: [] for way in WAYS}
    heard, last = 0, None
    for now in range(int(stamps[0]), int(stamps[-1]), TICK_NS):
        while heard < len(times) and times[heard] <= now:
            gyroscope.add(int(times[heard]), rates[heard])
            heard += 1
        k = int(np.searchsorted(stamps, now - LATENCY_NS, side='right')) - 1
        if k < 0 or k >= len(answers):
            continue
        if k != last:
            last, answer, at = k, answers[k], int(stamps[k])
            for reckoning in (ways['twist held'], ways['gyroscope']):
                reckoning.answered(at, answer)
            gyroscope.learn(at, answer.tracked[:3, :3] @ MOUNT, answer.tracked[:3, 3], answer.turn_rate_deviation)
        true = np.linalg.inv(truth[k]) @ motion.pose(now)
        for way, reckoning in ways.items():
            estimate = answer if reckoning is None else reckoning.at(now)
            told = np.linalg.inv(answer.tracked) @ estimate.tracked
            off = np.linalg.inv(told) @ true
            turned = truth[k][:3, :3] @ told[:3, :3] @ Rotation.from_matrix(off[:3, :3]).as_rotvec()
            grown = np.trace(estimate.covariance[:3, :3] - answer.covariance[:3, :3])
            rows[way].append((np.array([turned[2], np.linalg.norm(turned), np.linalg.norm(true[:3, 3] - told[:3, 3])]),
                              grown, now in stamps))
    return {way: _errors(told) for way, told in rows.items()}


def _errors(rows: list[tuple[np.ndarray, float, bool]]) -> Errors:
    off, grown, at_stamp = (np.array(column) for column in zip(*rows))
    heading, rotation, place = np.sqrt((off ** 2).mean(axis=0))
    expected = float((off[:, 2] ** 2).sum() / grown.sum()) if grown.sum() > 0 else float('nan')
    return Errors(float(np.degrees(heading)), float(np.degrees(rotation)), float(place),
                  float(np.degrees(np.sqrt((off[at_stamp, 1] ** 2).mean()))), expected)


def _world(plan: Plan, seed: int) -> dict[str, Errors]:
    trial = Trial(seed, plan.frames, wide=plan.wide)
    return measure(trial.truth.stamps, trial.truth.poses, list(_answers(trial, plan)), seed)


def _answers(trial: Trial, plan: Plan) -> Iterator[Estimate]:
    odometry = Odometry(load_fit(weights_file(plan.weights)).coefficients)
    network = load_network(plan.weights, plan.device)
    for stamp, (frame, _) in zip(trial.truth.stamps, trial.frames(network, plan.setting)):
        yield odometry.update(frame.pose, np.eye(4), int(stamp), frame.confidence_median, frame.segment,
                              step_covariance=frame.step_covariance, lens_doubt=frame.lens_doubt)
