#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A cart measured once a second, whose place five seconds ago is asked of a fixed-lag smoother: by FilterPy, and by the
# textbook, a Kalman filter and five steps back of Rauch, Tung and Striebel.
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
from filterpy.kalman import FixedLagSmoother, KalmanFilter

F, H, R, LAG, COUNT = np.array([[1., 1], [0, 1]]), np.array([[1., 0]]), np.eye(1), 5, 400


def errors(strength):
    """Return by how much, in metres, the filter, the textbook's smoother and FilterPy's are off, root mean square."""
    Q = strength * np.array([[1 / 3, .5], [.5, 1]])
    random = np.random.default_rng(0)
    state, truth, seen = np.zeros(2), [], []
    for _ in range(COUNT):
        state = F @ state + random.multivariate_normal([0, 0], Q)
        truth.append(state[0])
        seen.append(state[0] + random.normal())

    def fresh(kind, **more):
        one = kind(2, 1, **more)
        one.x, one.F, one.H, one.Q, one.R, one.P = np.zeros((2, 1)), F, H, Q, R, np.eye(2)
        return one
    means, spreads, _, _ = fresh(KalmanFilter).batch_filter(seen)
    book = []
    for last in range(LAG, COUNT):
        x = means[last]
        for k in range(last - 1, last - LAG - 1, -1):
            x = means[k] + spreads[k] @ F.T @ np.linalg.inv(F @ spreads[k] @ F.T + Q) @ (x - F @ means[k])
        book.append(x[0, 0])
    smoother = fresh(FixedLagSmoother, N=LAG)
    for one in seen:
        smoother.smooth(one)
    smooth = np.array(smoother.xSmooth)[:, 0, 0]
    return [round(float(np.sqrt(np.mean((told - np.array(truth))[:COUNT - LAG][20:] ** 2))), 3)
            for told in (means[:, 0, 0], np.append(book, [0] * LAG), smooth)]


weak, strong = errors(.0001), errors(100)
print(f'filterpy {version("filterpy")}\n'
      f'guess: what is told five seconds later is better: where the cart is pushed hard, {strong[1]} m for {strong[0]} m of the\n'
      f'       filter, and where it hardly is, {weak[1]} for {weak[0]}\n'
      f'seen:  by FixedLagSmoother {strong[2]} m, and {weak[2]}: it is right only where there is almost no noise of motion')
held = strong[1] < strong[0] < 1 < 5 < strong[2] and weak[1] < weak[2] < weak[0]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
