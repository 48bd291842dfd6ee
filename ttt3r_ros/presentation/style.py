# SPDX-License-Identifier: Apache-2.0
"""The overview's colours and type."""

from __future__ import annotations

from matplotlib.axes import Axes

BACKGROUND, PANEL = '#0d1117', '#151b25'
TEXT, FAINT, LINES = '#e6edf3', '#8b98a9', '#2a3340'
ESTIMATE, TRUTH, WARNING = '#ffb347', '#58c4dd', '#ff6b5e'
COLOURS = 'magma_r'  # near is bright

STYLE = {
    'figure.facecolor': BACKGROUND, 'savefig.facecolor': BACKGROUND, 'axes.facecolor': PANEL,
    'axes.edgecolor': PANEL, 'axes.grid': True, 'grid.color': LINES, 'grid.linewidth': 0.8, 'axes.axisbelow': True,
    'text.color': TEXT, 'axes.labelcolor': FAINT, 'xtick.color': FAINT, 'ytick.color': FAINT,
    'xtick.major.size': 0, 'ytick.major.size': 0, 'font.family': 'DejaVu Sans', 'font.size': 10.5,
    'legend.frameon': False, 'lines.solid_capstyle': 'round', 'lines.solid_joinstyle': 'round',
}


def heading(axes: Axes, title: str, note: str = '') -> None:
    """Write a panel's title above it at the left, and a note in fainter type at the right."""
    axes.annotate(title, (0, 1), xytext=(0, 7), xycoords='axes fraction', textcoords='offset points', size=12.5,
                  weight='bold')
    axes.annotate(note, (1, 1), xytext=(0, 7), xycoords='axes fraction', textcoords='offset points', size=10.5,
                  color=FAINT, ha='right')
