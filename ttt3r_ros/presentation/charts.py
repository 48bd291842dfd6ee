# SPDX-License-Identifier: Apache-2.0
"""The overview's charts: the path, and the node's own numbers over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ttt3r_ros.presentation.style import ESTIMATE, FAINT, TEXT, TRUTH, heading
from ttt3r_ros.sequences import Trajectory

if TYPE_CHECKING:
    from ttt3r_ros.demo.report import Results
    from ttt3r_ros.msg import ReconstructionStatus

# REP-103 axes: what goes right, what goes up, and their names.
VIEWS = {'from above': ((1, -1), (0, 1), 'right (m)', 'forward (m)'),
         'from the side': ((0, 1), (2, 1), 'forward (m)', 'up (m)')}
SMALLEST_SPAN = 0.02  # metres


def path_chart(axes: Axes, estimate: Trajectory, truth: Trajectory | None, view: str, truth_label: str) -> None:
    """Draw the path in one of VIEWS, truth under it where it is known, one metre as long on both axes."""
    (across, sign), (upward, _), xlabel, ylabel = VIEWS[view]
    heading(axes, f'path {view}')
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if not len(estimate):
        return
    lines = [trajectory.poses[:, [across, upward], 3] * [sign, 1]
             for trajectory in (truth, estimate) if trajectory is not None]
    if truth is not None:
        axes.plot(*lines[0].T, color=TRUTH, lw=2.2, label=truth_label)
    axes.plot(*lines[-1].T, color=ESTIMATE, lw=2.2, label='estimate')
    axes.plot(*lines[-1][0], 'o', color=ESTIMATE, ms=7, label='start')
    low, high = np.percentile(np.concatenate(lines), (1, 99), axis=0)
    box = axes.get_position()
    ratio = (box.height * axes.figure.get_figheight()) / (box.width * axes.figure.get_figwidth())
    span = max((high - low)[0], (high - low)[1] / ratio, SMALLEST_SPAN) * 1.25
    middle = (low + high) / 2
    # Room above for the legend.
    axes.set(xlim=middle[0] + span * np.array([-0.5, 0.5]), ylim=middle[1] + span * ratio * np.array([-0.5, 0.5]))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    if view == 'from above':
        axes.legend(loc='lower left', bbox_to_anchor=(-0.02, -0.01), ncols=3, handlelength=1.2, columnspacing=1.2,
                    fontsize=10, labelcolor=TEXT)


def gate_chart(axes: Axes, seconds: np.ndarray, statuses: Sequence[ReconstructionStatus]) -> None:
    """Draw the update gate over time: mean and standard deviation over the state tokens."""
    heading(axes, 'update gate', 'mean ± deviation over tokens')
    mean = np.array([status.gate_mean for status in statuses])
    deviation = np.array([status.gate_std for status in statuses])
    axes.fill_between(seconds, np.clip(mean - deviation, 0, 1), np.clip(mean + deviation, 0, 1), color=ESTIMATE,
                      alpha=0.25, lw=0)
    axes.plot(seconds, mean, color=ESTIMATE, lw=1.8)
    _time(axes, seconds)
    axes.set(ylim=(0, 1.03), yticks=(0, 0.5, 1))


def confidence_chart(axes: Axes, seconds: np.ndarray, statuses: Sequence[ReconstructionStatus]) -> None:
    """Draw the confidence of the points over time."""
    heading(axes, 'confidence', 'median over the points, at least 1')
    median = np.array([status.confidence_median for status in statuses])
    axes.plot(seconds, median, color=ESTIMATE, lw=1.8)
    _time(axes, seconds)
    if len(median):
        axes.set_ylim(1, max(1.2, 1 + 1.15 * (np.percentile(median, 99) - 1)))
    axes.yaxis.set_major_locator(MaxNLocator(4))


def latency_chart(axes: Axes, seconds: np.ndarray, statuses: Sequence[ReconstructionStatus],
                  results: Results) -> None:
    """Draw receipt-to-publication latency and, in it, the time of the network."""
    heading(axes, 'latency', f'p50 {results.latency_ms.p50:.0f} ms, p95 {results.latency_ms.p95:.0f} ms')
    latency = np.array([status.latency_ms for status in statuses])
    inference = np.array([status.inference_ms for status in statuses])
    axes.plot(seconds, latency, color=ESTIMATE, lw=1.6, label='receipt → pose')
    axes.plot(seconds, inference, color=FAINT, lw=1.4, label='network')
    _time(axes, seconds)
    if len(latency):
        axes.set_ylim(0, 1.45 * max(np.percentile(latency, 99), np.percentile(inference, 99)))
        axes.legend(loc='upper right', ncols=2, fontsize=10, labelcolor=TEXT, handlelength=1.2, borderpad=0)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.set(xlabel='time in the recording (s)', ylabel='ms')


def _time(axes: Axes, seconds: np.ndarray) -> None:
    if len(seconds):
        axes.set_xlim(seconds[0], max(seconds[-1], seconds[0] + 1e-3))
