# SPDX-License-Identifier: Apache-2.0
"""Many worlds, many settings: the scores, and what they come to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ttt3r_ros.evaluation import worlds
from ttt3r_ros.evaluation.trial import LENGTHS, SIZE, Outcome, Setting, Trial
from ttt3r_ros.model.checkpoint import load_network

MEASURES = ('ate_se3', 'ate_sim3', 'rpe_translation', 'rpe_rotation_deg', 'abs_rel', 'close', 'abs_rel_edges', 'gate',
            'gate_spread')


@dataclass(frozen=True)
class Plan:
    """What to evaluate: the weights, the settings, how many worlds from which seed on, how many frames of each, the
    images' size (h, w), and whether the worlds are wide ones.

    Training's worlds have seeds from 1,000,000 on (training/footage.py): a model of ours has seen none of these.
    """

    weights: str
    settings: tuple[Setting, ...]
    worlds: int
    frames: int
    size: tuple[int, int] = SIZE
    first_seed: int = 1000
    device: str = 'cpu'
    precision: str = 'float32'
    jobs: int = 1
    wide: bool = False
    address: str = ''


@dataclass(frozen=True)
class Summary:
    """One measure of one setting at one length over the worlds that have it; relative: over the path's length."""

    setting: str
    frames: int
    measure: str
    mean: float
    deviation: float
    median: float
    relative_median: float
    valid: int


def carry_out(plan: Plan, progress: Callable[[int], None]) -> dict[int, dict[str, Outcome]]:
    """Run every world under every setting; `progress` is told each world's seed as it is done."""
    seeds = range(plan.first_seed, plan.first_seed + plan.worlds)
    return dict(zip(seeds, worlds.each(partial(_world, plan), seeds, plan.jobs, progress, plan.address)))


def _world(plan: Plan, seed: int) -> dict[str, Outcome]:
    loaded = load_network(plan.weights, plan.device, plan.precision)
    trial = Trial(seed, plan.frames, plan.size, plan.wide)
    return {str(setting): trial.run(loaded, setting, lengths(plan.frames)) for setting in plan.settings}


def lengths(frames: int) -> tuple[int, ...]:
    """Return the lengths that a path of so many frames is scored at."""
    return tuple(sorted({n for n in LENGTHS if n <= frames} | {frames}))


def summarise(plan: Plan, outcomes: dict[int, dict[str, Outcome]]) -> list[Summary]:
    """Return every measure of every setting at every length."""
    summaries = []
    for setting in map(str, plan.settings):
        scores = [score for world in outcomes.values() for score in world[setting].scores]
        for length in lengths(plan.frames):
            here = [score for score in scores if score.frames == length]
            for measure in MEASURES if here else ():
                values = np.array([getattr(score, measure) for score in here])
                relative = (values / np.array([score.path_length for score in here]))[np.isfinite(values)]
                values = values[np.isfinite(values)]
                if len(values):
                    summaries.append(Summary(setting, length, measure, float(values.mean()), float(values.std()),
                                             float(np.median(values)), float(np.median(relative)), len(values)))
    return summaries


def save(folder: Path, plan: Plan, outcomes: dict[int, dict[str, Outcome]], summaries: list[Summary]) -> None:
    """Write results.json: the plan, every world's scores, the summaries. Raises OSError."""
    scores = [asdict(score) for world in outcomes.values() for outcome in world.values() for score in outcome.scores]
    results = {'plan': asdict(plan), 'summaries': [asdict(s) for s in summaries], 'scores': scores}
    (folder / 'results.json').write_text(json.dumps(results, indent=1))
