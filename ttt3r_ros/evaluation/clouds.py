# SPDX-License-Identifier: Apache-2.0
"""How much of a cloud hangs in the air, with `points.outliers` and without: synthetic rooms, whose surfaces are known.

Three clouds of each frame are measured. 'network' is what the node publishes; 'true scale' the same with the frame's
depth multiplied by the median of true over predicted depth. 'true depth' has no error but the one that this filter is
for: rendered FINER times as fine and averaged down to the model's pixels, so that those at an edge lie between its
surfaces, as in any network that interpolates.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.table import Table

from ttt3r_ros.evaluation import worlds
from ttt3r_ros.evaluation.trial import Setting, Trial, published_points, true_intrinsics
from ttt3r_ros.model.checkpoint import load_network
from ttt3r_ros.reconstruction.aligned import depth_on_model
from ttt3r_ros.reconstruction.cloud import CloudFilter
from ttt3r_ros.reconstruction.depth import back_project

FAR = 0.1  # metres from any true surface
FINER = 4
EVERY = 4  # frames: those between look alike
CLOUDS = ('network', 'true scale', 'true depth')


@dataclass(frozen=True)
class Plan:
    """Which weights, on how many worlds of how many frames, reset and chained how; outliers: as in CloudFilter."""

    weights: str
    setting: Setting
    worlds: int
    frames: int
    outliers: float
    first_seed: int = 2000
    device: str = 'cpu'
    jobs: int = 1


@dataclass(frozen=True)
class Counts:
    """Points of a cloud: all, those FAR from every surface, and of both kinds those that the filter leaves."""

    points: int
    far: int
    points_left: int
    far_left: int

    def __add__(self, other: Counts) -> Counts:
        """Return those of both clouds."""
        return Counts(*(a + b for a, b in zip(asdict(self).values(), asdict(other).values(), strict=True)))

    @property
    def before(self) -> float:
        """The part of the points that is far, unfiltered."""
        return self.far / self.points

    @property
    def after(self) -> float:
        """The part of the points left that is far."""
        return self.far_left / self.points_left

    @property
    def lost(self) -> float:
        """The part of the points that are not far which the filter takes."""
        near = self.points - self.far
        return (near - (self.points_left - self.far_left)) / near


def carry_out(plan: Plan, progress: Callable[[int], None]) -> dict[str, Counts]:
    """Count the points of every world's clouds, a few worlds at a time."""
    total: dict[str, Counts] = {}
    seeds = range(plan.first_seed, plan.first_seed + plan.worlds)
    for found in worlds.each(partial(_world, plan), seeds, plan.jobs, progress):
        for name, counts in found.items():
            total[name] = total[name] + counts if name in total else counts
    return total


def count(points: np.ndarray, distance: np.ndarray, outliers: float) -> Counts:
    """Count points (h, w, 3), camera frame, that lie so far (h, w) from any surface, in metres."""
    kept = np.isfinite(CloudFilter(outliers=outliers).apply(
        points, np.zeros(points.shape, np.uint8), np.ones(points.shape[:2], np.float32), organised=True).points[..., 2])
    far = distance > FAR
    return Counts(far.size, int(far.sum()), int(kept.sum()), int((kept & far).sum()))


def results_table(plan: Plan, found: dict[str, Counts]) -> Table:
    """Return a row for each cloud."""
    table = Table(title=f'{plan.weights}: farther than {FAR} m from any surface, by points.outliers {plan.outliers:g}')
    for name in ('cloud', 'points', 'before', 'after', 'true points lost'):
        table.add_column(name, justify='left' if name == 'cloud' else 'right')
    for name in CLOUDS:
        counts = found[name]
        table.add_row(name, f'{counts.points:,}', *(f'{100 * part:.2f} %' for part in (
            counts.before, counts.after, counts.lost)))
    return table


def save(target: Path, plan: Plan, found: dict[str, Counts]) -> None:
    """Write the plan and every number. Raises OSError."""
    target.write_text(json.dumps({'plan': asdict(plan), 'clouds': {
        name: asdict(counts) | {'before': counts.before, 'after': counts.after, 'lost': counts.lost}
        for name, counts in found.items()}}, indent=1) + '\n')


def _world(plan: Plan, seed: int) -> dict[str, Counts]:
    trial = Trial(seed, plan.frames)
    found: dict[str, Counts] = {}
    for name, points, index in _clouds(trial, plan):
        pose = trial.truth.poses[index]
        distance = trial.world.distance(points.reshape(-1, 3) @ pose[:3, :3].T + pose[:3, 3])
        counts = count(points, distance.reshape(points.shape[:2]), plan.outliers)
        found[name] = found[name] + counts if name in found else counts
    return found


def _clouds(trial: Trial, plan: Plan) -> Iterator[tuple[str, np.ndarray, int]]:
    """Yield each cloud's name, its points (h, w, 3) in the camera's frame, and the frame's index."""
    network = load_network(plan.weights, plan.device)
    for index, (frame, depth) in enumerate(trial.frames(network, plan.setting)):
        if index % EVERY:
            continue
        points = published_points(frame)
        yield 'network', points, index
        true = depth_on_model(depth, frame.pixel_map)
        yield 'true scale', points * np.float32(np.median(true / points[..., 2])), index
        size = points.shape[:2]
        intrinsics = true_intrinsics(frame, trial.intrinsics)
        fine = intrinsics.copy()
        fine[:2] *= FINER
        fine[:2, 2] += (FINER - 1) / 2  # pixel centres are whole in both
        drawn = trial.world.depth(index, fine, (FINER * size[0], FINER * size[1]))
        mean = drawn.reshape(size[0], FINER, size[1], FINER).mean(axis=(1, 3))
        yield 'true depth', back_project(mean, intrinsics), index
