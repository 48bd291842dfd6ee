# SPDX-License-Identifier: Apache-2.0
"""The update gate over a run's frames, in the panel."""

from __future__ import annotations

import numpy as np
import viser
import viser.uplot

from ttt3r_ros.view.budget import PLOT_POINTS, spread
from ttt3r_ros.view.shown_frame import Told

ORANGE, GREY = 'rgb(255, 140, 0)', 'rgb(170, 170, 170)'
COLOURS = {'mean': ORANGE, 'mean − deviation': GREY, 'mean + deviation': GREY}


class GatePlot:
    """A plot that is there as soon as a frame tells its gate."""

    def __init__(self, gui: viser.GuiApi) -> None:
        """Take the panel."""
        self._gui = gui
        self._plot: viser.GuiUplotHandle | None = None

    def draw(self, told: list[Told]) -> None:
        """Draw what has been told, at most PLOT_POINTS frames of it."""
        known = [index for index, one in enumerate(told) if np.isfinite(one.gate[0])]
        if len(known) < 2:
            return
        drawn = [known[k] for k in spread(len(known), PLOT_POINTS)]
        mean, deviation = np.array([told[index].gate for index in drawn]).T
        data = (np.array(drawn, float), mean, np.clip(mean - deviation, 0, 1), np.clip(mean + deviation, 0, 1))
        if self._plot is None:
            self._plot = self._gui.add_uplot(
                data, (viser.uplot.Series(label='frame'),
                       *(viser.uplot.Series(label=label, stroke=colour, width=2 if label == 'mean' else 1)
                         for label, colour in COLOURS.items())),
                title='update gate', scales={'x': viser.uplot.Scale(time=False), 'y': viser.uplot.Scale(range=(0, 1))},
                legend=viser.uplot.Legend(show=False), aspect=2.4)
        else:
            self._plot.data = data
