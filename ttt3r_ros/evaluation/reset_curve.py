# SPDX-License-Identifier: Apache-2.0
"""Reset policies in one picture: what their resets buy, and what the adaptive one sees, by its threshold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ttt3r_ros.evaluation.resets import KINDS, SHOWN, Setting, Summary, Way, summaries
from ttt3r_ros.presentation.style import ESTIMATE, FAINT, STYLE, TRUTH, WARNING, heading
from ttt3r_ros.reconstruction.reset_policy import UNLIKE

COLOURS = (TRUTH, '#7ee787', '#d2a8ff', WARNING)  # of KINDS


def draw(target: Path, found: Sequence[Way], frames: int) -> None:
    """Write the picture as PNG; frames: of each path."""
    told = summaries(found)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(12, 4.4), dpi=100)
        left, right = figure.subplots(1, 2, gridspec_kw={
            'top': 0.86, 'bottom': 0.14, 'left': 0.06, 'right': 0.98, 'wspace': 0.16})
        rooms = max((one.rooms for one in told), default=0)
        heading(left, 'Error of the path', f'mean RMS of {rooms} rooms after SE(3), m')
        _buys(left, [one for one in told if not one.setting.unlike], TRUTH, 'interval, and never')
        _buys(left, [one for one in told if one.setting.unlike], ESTIMATE, 'adaptive, by its least likeness')
        left.set(xlabel=f'resets in {frames} frames', ylim=(0, None))
        left.legend(fontsize=9, loc='upper right')
        heading(right, f'A reset within {SHOWN} images of', 'share of the rooms')
        adaptive = sorted((one for one in told if one.setting.unlike), key=lambda one: one.setting.unlike)
        for kind, colour in zip(KINDS, COLOURS):
            right.plot([one.setting.unlike for one in adaptive], [one.came[kind] / one.rooms for one in adaptive],
                       color=colour, marker='o', ms=4, label=kind)
        right.axvline(UNLIKE, color=FAINT, lw=0.8, ls='--', label='in force')
        right.set(xlabel='least likeness', ylim=(0, 1.03))
        right.legend(fontsize=9, loc='center left')
        figure.savefig(target)


def _buys(axis: Axes, told: list[Summary], colour: str, label: str) -> None:
    told = sorted(told, key=lambda one: one.resets)
    axis.errorbar([one.resets for one in told], [one.mean for one in told], [one.deviation for one in told],
                  color=colour, marker='o', ms=4, lw=1.6, elinewidth=0.9, label=label)
    for one in told:
        setting = one.setting
        above = 5 if setting.unlike else -24  # two curves may lie on each other
        axis.annotate(f'{setting.unlike or setting.interval:g}' if setting != Setting() else 'never',
                      (one.resets, one.mean), xytext=(5, above), textcoords='offset points', size=8.5, color=FAINT)
