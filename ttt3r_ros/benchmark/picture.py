# SPDX-License-Identifier: Apache-2.0
"""Where the time of a frame goes, in one picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ttt3r_ros.benchmark.campaign import Results
from ttt3r_ros.model.stages import STAGES
from ttt3r_ros.presentation.style import FAINT, STYLE, TEXT, heading

ORDER = ('convert', *STAGES, 'publish')
PALETTE = ('#8b98a9', '#6e7f96', '#4d5f78', '#58c4dd', '#d2a8ff', '#7ee787', '#ffb347', '#ff6b5e', '#56d4b1', '#f2cc60',
           '#b08968', '#e6edf3')


def draw(target: Path, results: Results) -> None:
    """Write the picture as PNG."""
    machine = results.machine
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(16, 3.4 + 0.5 * len(results.cases)), dpi=100)
        bars, curves = figure.subplots(1, 2, width_ratios=(2.6, 1), gridspec_kw={
            'wspace': 0.16, 'left': 0.11, 'right': 0.98, 'top': 0.72, 'bottom': 0.14})
        figure.text(0.02, 0.91, f'Where a frame’s time goes: {results.network}', size=19, weight='bold')
        figure.text(0.02, 0.845, f'{machine["cpu"]}, {machine["threads"]} threads, {machine["device"]}; medians of '
                    f'{results.plan.frames} rounds, all cases in turn; load {machine["load_average"][0]}', color=FAINT,
                    size=11.5)
        _bars(bars, results)
        _deviations(curves, results)
        target.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(target)


def _bars(axis: Axes, results: Results) -> None:
    heading(axis, 'stages', '× the published way’s speed in the same rounds')
    names = [case.name for case in results.cases]
    left = [0.0] * len(names)
    for stage, colour in zip(ORDER, PALETTE, strict=True):
        widths = [case.stages[stage].median if stage in case.stages else 0.0 for case in results.cases]
        if any(widths):
            axis.barh(names, widths, left=left, color=colour, label=stage, height=0.62)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    for row, (end, case) in enumerate(zip(left, results.cases, strict=True)):
        axis.annotate(f' {case.frame_ms.median:,.0f} ms, ×{case.speedup:.2f}', (end, row), va='center', color=TEXT,
                      size=10)
    axis.set(xlim=(0, 1.2 * max(left)), xlabel='milliseconds')
    axis.invert_yaxis()
    axis.grid(axis='y', visible=False)
    axis.legend(loc='lower left', bbox_to_anchor=(0, 1.09), ncols=len(ORDER), fontsize=9, handlelength=1,
                columnspacing=1.1, borderaxespad=0)


def _deviations(axis: Axes, results: Results) -> None:
    heading(axis, 'off float32', results.plan.rules[0])
    for (precision, deviation), colour in zip(results.deviations.items(), ('#ffb347', '#58c4dd', '#7ee787'),
                                              strict=False):
        frames = range(1, len(deviation.position) + 1)
        axis.plot(frames, deviation.position, color=colour, lw=1.5, label=f'{precision}, position')
        axis.plot(frames, deviation.points, color=colour, lw=1.2, ls=':', label=f'{precision}, points')
    if not results.deviations:
        axis.set_axis_off()
        return
    axis.set(yscale='log', xlabel='frame', ylabel='share')
    axis.legend(fontsize=9)
