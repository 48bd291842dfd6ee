#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two sensors that tell one thing at one moment, in a Kalman filter and in an unscented one.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check filterpy==2.0.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from filterpy.kalman import KalmanFilter, MerweScaledSigmaPoints, UnscentedKalmanFilter

ONE = np.eye(1)


def after(kalman, updates):
    """Return place and variance after a prediction and so many measurements of 1 with variance 1."""
    kalman.x, kalman.P, kalman.Q, kalman.R = np.zeros(np.shape(kalman.x)), 4 * ONE, ONE, ONE
    kalman.predict()
    for _ in range(updates):
        kalman.update(1.0)
    return round(float(np.ravel(kalman.x)[0]), 3), round(float(kalman.P[0, 0]), 3)


def plain():
    kalman = KalmanFilter(dim_x=1, dim_z=1)
    kalman.F = kalman.H = ONE
    return kalman


def unscented():
    points = MerweScaledSigmaPoints(1, alpha=0.1, beta=2.0, kappa=2.0)
    return UnscentedKalmanFilter(dim_x=1, dim_z=1, dt=1.0, hx=lambda x: x, fx=lambda x, dt: x, points=points)


found = {kind.__name__: (after(kind(), 1), after(kind(), 2)) for kind in (plain, unscented)}
print(f'filterpy {version("filterpy")}\n'
      'guess: of something linear both say the same, after one measurement and after two\n'
      'seen:  ' + '; '.join(f'{name}: {one[0]} with variance {one[1]} after one, {two[0]} with {two[1]} after two'
                            for name, (one, two) in found.items()))
held = found['plain'] == ((0.833, 0.833), (0.909, 0.455)) and found['unscented'] == ((0.833, 0.833), (1.667, -3.333))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
