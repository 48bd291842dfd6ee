#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A cart whose place is measured, all of it linear, by four filters of FilterPy: the Kalman filter, the unscented one, that
# of square roots and the cubature one.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check filterpy==2.0.0 numpy==2.2.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from filterpy.kalman import (CubatureKalmanFilter, KalmanFilter, MerweScaledSigmaPoints, SquareRootKalmanFilter,
                             UnscentedKalmanFilter)

F, H, R = np.array([[1., 1], [0, 1]]), np.array([[1., 0]]), np.eye(1)
Q = 100 * np.array([[1 / 3, .5], [.5, 1]])
random = np.random.default_rng(0)
state, truth, seen = np.zeros(2), [], []
for _ in range(2000):
    state = F @ state + random.multivariate_normal([0, 0], Q)
    truth.append(state)
    seen.append(state[0] + random.normal())


def run(one, column):
    """Return the error of place and speed, root mean square, and what the filter takes it for."""
    one.Q, one.R, one.P = Q, R, np.eye(2)
    one.x = np.zeros((2, 1)) if column else np.zeros(2)
    if isinstance(one, (KalmanFilter, SquareRootKalmanFilter)):
        one.F, one.H = F, H
    off = []
    for z, true in zip(seen, truth):
        one.predict()
        one.update(np.full((1, 1) if column else 1, z))
        off.append(np.ravel(one.x) - true)
    told = np.append(np.sqrt(np.mean(np.square(off), axis=0)), np.sqrt(np.diag(one.P)))
    return [round(float(number), 2) for number in told]


def move(x, dt):
    return F @ x


def look(x):
    return H @ x


points = MerweScaledSigmaPoints(2, .1, 2, 1)
right = run(KalmanFilter(2, 1), True)
alike = [run(SquareRootKalmanFilter(2, 1), True), run(UnscentedKalmanFilter(2, 1, 1., look, move, points), False)]
cubature = run(CubatureKalmanFilter(2, 1, 1., look, move), True)
print(f'filterpy {version("filterpy")}\n'
      f'guess: errors of place and speed, and what each filter takes them for, are {right}, as by three of them {alike}\n'
      f'seen:  by the cubature one {cubature}: the points it looks at know nothing of the noise of the motion')
held = all(np.allclose(one, right, atol=.02) for one in alike)
held = held and cubature[1] > 1.2 * right[1] and cubature[2] > 5 * right[2] and cubature[3] > 1.5 * right[3]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
