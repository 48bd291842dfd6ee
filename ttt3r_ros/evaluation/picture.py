# SPDX-License-Identifier: Apache-2.0
"""The evaluation in one picture: drift over length, frame-to-frame error, and paths seen from above."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ttt3r_ros.evaluation.campaign import Plan, Summary, lengths
from ttt3r_ros.evaluation.trial import Outcome
from ttt3r_ros.presentation.style import ESTIMATE, FAINT, STYLE, TRUTH, heading

PALETTE = ('#ffb347', '#58c4dd', '#7ee787', '#d2a8ff', '#ff6b5e', '#f2cc60', '#8b98a9', '#e6edf3')
STROKES = ('-', '--', ':', '-.')  # for resets and keyframes; the colour tells the rule
PATHS = 4


def draw(target: Path, plan: Plan, outcomes: dict[int, dict[str, Outcome]], summaries: list[Summary]) -> None:
    """Write the picture as PNG."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(16, 9.6), dpi=100)
        axes = figure.subplots(2, 4, gridspec_kw={'hspace': 0.42, 'wspace': 0.3, 'top': 0.86, 'bottom': 0.08,
                                                  'left': 0.05, 'right': 0.98})
        figure.text(0.05, 0.95, f'TTT3R, weights “{plan.weights}”', size=20, weight='bold')
        figure.text(0.05, 0.912, f'{plan.worlds} synthetic worlds; mean over the worlds, '
                    f'band: ± one deviation of the first rule', color=FAINT, size=12)
        for axis, (measure, title, unit) in zip(axes[0], (
                ('ate_se3', 'ATE after SE(3)', 'm'), ('ate_sim3', 'ATE after Sim(3)', 'm'),
                ('rpe_translation', 'RPE, translation', 'm'), ('rpe_rotation_deg', 'RPE, rotation', '°')), strict=True):
            _curves(axis, plan, summaries, measure, title, unit)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc='upper right', bbox_to_anchor=(0.98, 0.99),
                      ncols=math.ceil(len(plan.settings) / 3), fontsize=9.5, handlelength=1.8, labelspacing=0.25)
        first = str(plan.settings[0])
        for axis, (seed, world) in zip(axes[1], list(outcomes.items())[:PATHS], strict=False):
            _path(axis, f'world {seed}', world[first])
        figure.text(0.05, 0.475, f'paths: {first}', color=FAINT, size=12)
        for axis in axes[1, len(outcomes):]:
            axis.set_axis_off()
        target.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(target)


def _curves(axis: Axes, plan: Plan, summaries: list[Summary], measure: str, title: str, unit: str) -> None:
    heading(axis, title, unit)
    rules = list(dict.fromkeys(setting.rule for setting in plan.settings))
    resets = list(dict.fromkeys(replace(setting, rule='') for setting in plan.settings))
    for setting in plan.settings:
        colour = PALETTE[rules.index(setting.rule) % len(PALETTE)]
        style = STROKES[resets.index(replace(setting, rule='')) % len(STROKES)]
        mine = [s for s in summaries if s.setting == str(setting) and s.measure == measure]
        frames, mean = np.array([s.frames for s in mine]), np.array([s.mean for s in mine])
        axis.plot(frames, mean, color=colour, lw=1.8, marker='o', ms=3.5, label=str(setting), ls=style)
        if setting == plan.settings[0]:
            spread = np.array([s.deviation for s in mine])
            axis.fill_between(frames, np.maximum(mean - spread, 0), mean + spread, color=colour, alpha=0.15, lw=0)
    axis.set(xscale='log', ylim=(0, None), xlabel='frames', xticks=lengths(plan.frames),
             xticklabels=[str(n) for n in lengths(plan.frames)])
    axis.minorticks_off()


def _path(axis: Axes, title: str, outcome: Outcome) -> None:
    last = outcome.scores[-1] if outcome.scores else None
    note = f'ATE {last.ate_se3:.2f} m over {last.path_length:.0f} m' if last else 'no answer'
    heading(axis, title)
    axis.plot(*outcome.truth[:, :2].T, color=TRUTH, lw=2.2, label='truth')
    axis.plot(*outcome.estimate[:, :2].T, color=ESTIMATE, lw=1.0, label='estimate')
    axis.set_aspect('equal', adjustable='datalim')
    axis.set(xlabel=f'x (m) · {note}', ylabel='y (m)')
    axis.legend(fontsize=9, loc='upper right')
