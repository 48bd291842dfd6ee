# SPDX-License-Identifier: Apache-2.0
"""The covariances that were measured with some weights: a file beside them, and the settings for which it holds."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from ttt3r_ros.reconstruction.uncertainty import Coefficients, UncertaintyError
from ttt3r_ros.reconstruction.weights_profile import SegmentSettings

OTHER_SETTINGS = 10.0  # times the standard deviations of a calibration for other settings


def calibration_file(weights: str | Path) -> Path:
    """Return the file beside a weights file that `ttt3r calibrate` writes."""
    return Path(os.path.expanduser(f'{weights}.covariance.json'))


@dataclass(frozen=True)
class Fit:
    """What is known of the covariances of some weights: coefficients, and the settings that they were measured with,
    None if they were not measured."""

    coefficients: Coefficients = Coefficients()
    measured: SegmentSettings | None = None

    def under(self, settings: SegmentSettings) -> tuple[Coefficients, str]:
        """Return the coefficients for the settings in force, and what to doubt about them, '' for nothing.

        Under others than they were measured with they are too small by far: the NEES of the embedded weights is 400 to
        650 instead of 6 without resets. All standard deviations are then taken times OTHER_SETTINGS.
        """
        if self.measured is None:
            return self.coefficients, 'are guesses for these weights: ttt3r calibrate measures them'
        if self.measured.same_as(settings):
            return self.coefficients, ''
        return self.coefficients.inflated(OTHER_SETTINGS), (
            f'were measured with {self.measured}, not with {settings}: standard deviations are taken times '
            f'{OTHER_SETTINGS:g}; run as measured, or ttt3r calibrate')


def load_fit(weights: str | Path) -> Fit:
    """Return what stands beside these weights, or guesses. Raises UncertaintyError."""
    path = calibration_file(weights)
    try:
        found = json.loads(path.read_text())
        coefficients, plan = Coefficients(**found['coefficients']), found['plan']
        interval = plan['reset_interval']
        return Fit(coefficients, SegmentSettings('interval' if interval else 'never',
                                                 interval or SegmentSettings().reset_interval, plan['alignment'],
                                                 plan.get('step_source', 'model')))
    except FileNotFoundError:
        return Fit()
    except (OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise UncertaintyError(f'{path} cannot be read ({error!r}): run ttt3r calibrate again, or remove '
                               'it') from error
