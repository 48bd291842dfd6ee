# SPDX-License-Identifier: Apache-2.0
"""Restarts in one picture: what is taken, rightly and wrongly, by the threshold of likeness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from ttt3r_ros.evaluation.restarts import Counts, Restart
from ttt3r_ros.presentation.style import ESTIMATE, FAINT, STYLE, TRUTH, heading
from ttt3r_ros.reconstruction.relocation import Limits

MOST_WRONG = 0.05


def draw(target: Path, measured: Mapping[str, Sequence[Restart]]) -> None:
    """Write the picture as PNG; measured: restarts by what they were measured on."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6 * len(measured), 4.4), dpi=100)
        axes = figure.subplots(1, len(measured), squeeze=False, gridspec_kw={
            'top': 0.86, 'bottom': 0.14, 'left': 0.08 if len(measured) > 1 else 0.13, 'right': 0.97, 'wspace': 0.2})[0]
        for axis, (name, restarts) in zip(axes, measured.items()):
            heading(axis, name)
            thresholds = sorted({one.threshold for one in restarts})
            counts = [Counts.of(one for one in restarts if one.threshold == threshold) for threshold in thresholds]
            axis.plot(thresholds, [_share(c.right_taken, c.right_refused) for c in counts], color=TRUTH, marker='o',
                      ms=4, label=f'right answers taken, of {counts[-1].right_taken + counts[-1].right_refused}')
            axis.plot(thresholds, [_share(c.wrong_taken, c.wrong_refused) for c in counts], color=ESTIMATE, marker='o',
                      ms=4, label=f'wrong answers taken, of {counts[-1].wrong_taken + counts[-1].wrong_refused}')
            axis.axhline(MOST_WRONG, color=FAINT, lw=0.8, ls=':')
            axis.axvline(Limits().likeness, color=FAINT, lw=0.8, ls='--', label='in force')
            axis.set(xlabel='least likeness', ylim=(0, 1.03))
            axis.legend(fontsize=9, loc='center left')
        figure.savefig(target)


def _share(part: int, rest: int) -> float:
    return part / max(part + rest, 1)
