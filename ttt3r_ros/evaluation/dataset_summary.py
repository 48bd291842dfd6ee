# SPDX-License-Identifier: Apache-2.0
"""What the scores of a data set come to: for each row and length, over the sequences or windows that have a score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ttt3r_ros.evaluation.dataset_campaign import Plan, Unit
from ttt3r_ros.evaluation.scoring import Score

PUBLISHED = ('ate_sim3', 'rpe_sim3', 'rpe_rotation_deg')
POSE = (*PUBLISHED, 'ate_se3', 'rpe_se3')
SURFACE = ('accuracy', 'accuracy_median', 'completeness', 'completeness_median', 'normals', 'normals_median')
TITLES = {'ate_sim3': 'ATE, Sim(3) (m)', 'ate_se3': 'ATE, SE(3) (m)', 'ate_sim3_of_path': 'ATE, Sim(3), of the path',
          'ate_se3_of_path': 'ATE, SE(3), of the path', 'rpe_sim3': 'RPE, Sim(3) (m)', 'rpe_se3': 'RPE, SE(3) (m)',
          'rpe_rotation_deg': 'RPE, rotation (°)', 'accuracy': 'Acc (m)', 'accuracy_median': 'Acc, median (m)',
          'completeness': 'Comp (m)', 'completeness_median': 'Comp, median (m)', 'normals': 'NC',
          'normals_median': 'NC, median', 'frames': 'frames', 'valid': 'with truth and answer',
          'frames_per_s': 'frames a second', 'megabytes': 'memory (MB)'}


@dataclass(frozen=True)
class Summary:
    """One measure of one row at one length. scored: sequences, or windows, with a score, of `of`; a depth's mean is
    weighted by pixels."""

    row: str
    length: int
    measure: str
    mean: float
    median: float
    scored: int
    of: int


def summarise(plan: Plan, units: Sequence[Unit]) -> list[Summary]:
    """Return every measure of every row at every length that any score has."""
    scores = [score for unit in units for score in unit.scores]
    summaries = []
    for row in dict.fromkeys(score.setting for score in scores):
        mine = [score for score in scores if score.setting == row]
        for length in dict.fromkeys(score.length for score in mine):
            here = [score for score in mine if score.length == length]
            for measure, value, weight in _measures(here, bool(plan.protocol)):
                found = [(value(score), weight(score)) for score in here if value(score) is not None]
                values, weights = np.array(found).T
                summaries.append(Summary(row, length, measure, float(np.average(values, weights=weights)),
                                         float(np.median(values)), len(found), len(here)))
    return summaries


def failures(units: Sequence[Unit]) -> list[str]:
    """Return why scores are missing, a line for each sequence and row, with the lengths."""
    why: dict[tuple[str, str, str], list[int]] = {}
    for unit in units:
        for score in unit.scores:
            if score.invalid:
                why.setdefault((score.sequence, score.setting, score.invalid), []).append(score.length)
    return [f'no score: {sequence}, {row}, {_at(lengths)}{reason}' for (sequence, row, reason), lengths in why.items()]


def _at(lengths: Sequence[int]) -> str:
    """Return lengths in words, 0 being all frames; nothing where there is no other."""
    numbers = [str(length) for length in sorted({*lengths} - {0})]
    return f'at {", ".join([*numbers, *(["all"] if 0 in lengths else [])])} frames: ' if numbers else ''


def _measures(scores: Sequence[Score], published: bool) -> list[tuple[str, Callable, Callable]]:
    """Return (name, value of a score, weight of a score) of what at least one of them has."""
    found = []
    for name in PUBLISHED if published else POSE:
        found.append((name, lambda s, n=name: s.pose and getattr(s.pose, n), _one))
    for name in () if published else ('ate_sim3', 'ate_se3'):
        found.append((f'{name}_of_path', lambda s, n=name: getattr(s.pose, n) / s.pose.path_length
                      if s.pose and s.pose.path_length else None, _one))
    for alignment in dict.fromkeys(name for score in scores for name in score.depth):
        for name in ('abs_rel', 'close'):
            found.append((f'{name} {alignment}', lambda s, a=alignment, n=name: getattr(s.depth[a], n)
                          if a in s.depth else None, lambda s, a=alignment: s.depth[a].pixels if a in s.depth else 0))
    for name in SURFACE:
        found.append((name, lambda s, n=name: s.surface and getattr(s.surface, n), _one))
    found += [('frames', lambda s: s.frames or None, _one), ('valid', lambda s: s.valid if s.frames else None, _one)]
    for name in ('frames_per_s', 'megabytes'):
        found.append((name, lambda s, n=name: getattr(s, n) if np.isfinite(getattr(s, n)) else None, _one))
    return [(name, value, weight) for name, value, weight in found
            if any(value(score) is not None for score in scores)]


def _one(score: Score) -> float:
    return 1.0
