#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A target straight behind a sensor that measures bearing and range, by the Kalman filters of Stone Soup, whose bearings are of a type of their
# own that knows of a full turn.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 stonesoup==1.9.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from datetime import datetime
from importlib.metadata import version

import numpy as np
from stonesoup.models.measurement.nonlinear import CartesianToBearingRange
from stonesoup.types.detection import Detection
from stonesoup.types.hypothesis import SingleHypothesis
from stonesoup.types.prediction import GaussianStatePrediction
from stonesoup.types.state import State
from stonesoup.updater.kalman import CubatureKalmanUpdater, ExtendedKalmanUpdater, UnscentedKalmanUpdater

sensor = CartesianToBearingRange(ndim_state=2, mapping=(0, 1), noise_covar=np.diag([1e-4, 1e-2]))
now = datetime(2026, 11, 30)


def across(updater, x):
    predicted = GaussianStatePrediction([[x], [.05]], np.eye(2), timestamp=now)
    seen = Detection(sensor.function(State([[x], [-.05]]), noise=False), timestamp=now, measurement_model=sensor)
    state = updater().update(SingleHypothesis(predicted, seen))
    return [round(float(state.state_vector[1, 0]), 2), round(float(state.covar[1, 1]) ** .5, 2)]


names = ['extended', 'unscented', 'cubature']
updaters = [ExtendedKalmanUpdater, UnscentedKalmanUpdater, CubatureKalmanUpdater]
before, behind = ([across(updater, x) for updater in updaters] for x in (10, -10))
print(f'stonesoup {version("stonesoup")}\n'
      f'guess: a target 10 m behind that was thought at 0.05 m and is seen at -0.05 is there, to 0.1 m, as one in front: '
      f'{dict(zip(names, before))}\n'
      f'seen:  {dict(zip(names, behind))}: it takes the mean of products with angles of 180 and of -180 degrees')
held = (all(abs(place + .05) < .01 and deviation < .12 for place, deviation in before + behind[:2])
        and behind[2][0] > 0 and behind[2][1] > .9)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
