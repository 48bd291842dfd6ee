# SPDX-License-Identifier: Apache-2.0
"""The log of a training as a picture."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ttt3r_ros.presentation.style import ESTIMATE, STYLE, heading

PARTS = {'points': 'points, relative', 'flow': 'flow, 4 px', 'step_translation': 'step, translation, m',
         'step_rotation': 'step, rotation, rad'}
WINDOW = 10  # log lines that are averaged


def draw(log: Path, target: Path) -> None:
    """Draw each part of the loss over hours; a stage's longer sequences and wider motions show as steps."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    hours = np.array([line['seconds'] for line in lines]) / 3600
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(13, 3.4), dpi=100, layout='constrained')
        for axis, (name, title) in zip(figure.subplots(1, len(PARTS)), PARTS.items(), strict=True):
            values = np.array([line[name] for line in lines])
            kernel = np.ones(min(WINDOW, len(values))) / min(WINDOW, len(values))
            axis.plot(hours, values, color=ESTIMATE, alpha=0.25, lw=0.8)
            axis.plot(hours[len(kernel) - 1:], np.convolve(values, kernel, 'valid'), color=ESTIMATE, lw=1.6)
            heading(axis, title)
            axis.set(xlabel='hours', ylim=(0, None))
        figure.savefig(target)
