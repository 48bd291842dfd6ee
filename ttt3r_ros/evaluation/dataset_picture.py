# SPDX-License-Identifier: Apache-2.0
"""A data set in one picture: error, memory and speed by length for each rule, and paths seen from where they spread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ttt3r_ros.evaluation.dataset_campaign import WHOLE, Plan, Unit
from ttt3r_ros.evaluation.dataset_summary import Summary
from ttt3r_ros.evaluation.dataset_table import title
from ttt3r_ros.evaluation.paper import Printed
from ttt3r_ros.evaluation.picture import PALETTE
from ttt3r_ros.presentation.style import COLOURS, ESTIMATE, FAINT, STYLE, TRUTH, heading

CURVES = 4
PATHS = 4
NAME = 28  # characters of a recording's name
PREFERRED = ('ate_sim3', 'accuracy', 'abs_rel scale', 'abs_rel metric', 'rpe_rotation_deg', 'completeness', 'normals',
             'megabytes', 'frames_per_s')


def draw(target: Path, plan: Plan, units: Sequence[Unit], summaries: Sequence[Summary],
         printed: Sequence[Printed]) -> None:
    """Write the picture as PNG."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(16, 9.6), dpi=100)
        axes = figure.subplots(2, 4, gridspec_kw={'hspace': 0.42, 'wspace': 0.3, 'top': 0.84, 'bottom': 0.08,
                                                  'left': 0.05, 'right': 0.98})
        figure.text(0.05, 0.95, f'{Path(plan.dataset).name}, {_what(plan)}', size=20, weight='bold')
        figure.text(0.05, 0.912, f'{plan.results or plan.weights}; '
                    f'{"medians over windows" if plan.window else "means over sequences"}'
                    + ('; dotted: published' if printed else ''), color=FAINT, size=12)
        there = {s.measure for s in summaries}
        shown = [measure for measure in PREFERRED if measure in there][:CURVES]
        for axis, measure in zip(axes[0], shown):
            _curves(axis, plan, summaries, printed, measure)
        names = {label: handle for axis in axes[0] for handle, label in zip(*axis.get_legend_handles_labels())}
        figure.legend(names.values(), names, loc='upper right', bbox_to_anchor=(0.98, 0.995), ncols=4,
                      fontsize=8.5, handlelength=1.8, labelspacing=0.25)
        first = [unit for unit in units if unit.setting == plan.rows[0]]
        pictured = next((unit for unit in first if unit.depth), None)
        walked = [unit for unit in first if np.isfinite(np.array(unit.truth)).any()][:2 if pictured else PATHS]
        for axis, unit in zip(axes[1], walked):
            _path(axis, unit)
        if pictured:
            _depths(axes[1, 2:], pictured)
        for axis in (*axes[0, len(shown):], *axes[1, len(walked):2 if pictured else PATHS]):
            axis.set_axis_off()
        figure.savefig(target)


def _what(plan: Plan) -> str:
    return plan.protocol or (f'windows of {plan.window} frames' if plan.window else 'all frames')


def _curves(axis: Axes, plan: Plan, summaries: Sequence[Summary], printed: Sequence[Printed], measure: str) -> None:
    heading(axis, title(measure))
    rows = list(dict.fromkeys(s.row for s in summaries))
    if all(s.length == WHOLE for s in summaries):
        _bars(axis, plan, [s for s in summaries if s.measure == measure], rows)
        return
    # Where the recordings are shorter than was asked for, a point stands at what they have.
    reached = {(s.row, s.length): s.mean for s in summaries if s.measure == 'frames'}
    for i, row in enumerate(rows):
        mine = [(reached[row, s.length], s.median if plan.window else s.mean) for s in summaries
                if s.row == row and s.measure == measure]
        axis.plot(*np.array(mine).reshape(-1, 2).T, color=PALETTE[i % len(PALETTE)], lw=1.8, marker='o', ms=3.5,
                  ls='-' if i < len(PALETTE) else '--', label=row)
    for system, source in dict.fromkeys((p.system, p.source) for p in printed if p.measure == measure):
        theirs = [(p.length, p.value) for p in printed if (p.system, p.source, p.measure) == (system, source, measure)]
        axis.plot(*np.array(theirs).T, color=FAINT, lw=1.0, ls=':', marker='.', ms=3)
        if len(theirs) > 1:
            axis.annotate(system, theirs[-1], color=FAINT, size=7, ha='right')
    axis.set(xlabel='frames', ylim=(0, None))


def _bars(axis: Axes, plan: Plan, summaries: Sequence[Summary], rows: list[str]) -> None:
    for i, summary in enumerate(summaries):
        value = summary.median if plan.window else summary.mean
        axis.bar(i, value, color=PALETTE[rows.index(summary.row) % len(PALETTE)], label=summary.row)
        axis.annotate(f'{value:.3g}', (i, value), ha='center', va='bottom', size=8)
    axis.set_xticks([])


def _depths(axes: Sequence[Axes], unit: Unit) -> None:
    predicted, true = (np.array(depth) for depth in unit.depth)
    low, high = np.nanpercentile(true[true > 0], (2, 98))
    for axis, depth, name in zip(axes, (predicted, true), ('depth', 'true depth')):
        heading(axis, name, f'{unit.sequence}, {low:.1f} to {high:.1f} m')
        axis.imshow(depth, cmap=COLOURS, vmin=low, vmax=high)
        axis.set_axis_off()


def _path(axis: Axes, unit: Unit) -> None:
    heading(axis, unit.sequence[-NAME:])
    truth, estimate = np.array(unit.truth), np.array(unit.estimate)
    known = np.isfinite(truth).all(axis=1)
    if known.any():
        # The two directions in which the way is widest.
        across, along = np.argsort(np.ptp(truth[known], axis=0))[1:]
        axis.plot(truth[:, along], truth[:, across], color=TRUTH, lw=2.2, label='truth')
        axis.plot(estimate[:, along], estimate[:, across], color=ESTIMATE, lw=1.0, label=unit.setting)
        axis.set(xlabel=f'{"xyz"[along]} (m)', ylabel=f'{"xyz"[across]} (m)')
        axis.set_aspect('equal', adjustable='datalim')
        axis.legend(fontsize=8, loc='upper right')
