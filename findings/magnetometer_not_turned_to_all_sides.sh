#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Exact readings of a magnetometer that was turned to every direction, to none below 12 degrees, or more often to one
# side, whose scales and offsets are those of soft and hard iron.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check magcal==1.0.1 matplotlib==3.10.8 numpy==2.4.6 \
  pyserial==3.5 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import contextlib
import io

import numpy as np
from magcal.core import MagnetometerCalibrator

OFFSET = np.array([10, -20, 5])
SCALE = np.diag([50, 40, 45])
ways = np.random.default_rng(1).normal(size=(6000, 3))
ways /= np.linalg.norm(ways, axis=1)[:, None]
SETS = {'all': ways, 'not below': ways[ways[:, 2] > -.2], 'to a side': np.vstack([ways, *[ways[ways[:, 0] > .5]] * 4])}


def fitted(readings):
    """Return the offset found and what is said of the fit."""
    calibrator = MagnetometerCalibrator()
    calibrator.raw_data = readings.tolist()
    with contextlib.redirect_stdout(io.StringIO()) as told:
        center = calibrator.calibrate()['center']
    return center.round().astype(int).tolist(), told.getvalue().split('\n')[-2].split(' calib')[0]


exact = {}
for name, chosen in SETS.items():  # nine terms, without the mean: what the readings allow
    x, y, z = (chosen @ SCALE + OFFSET).T
    terms = np.column_stack([x * x, y * y, z * z, x * y, x * z, y * z, x, y, z])
    a, b, c, d, e, f, *g = np.linalg.lstsq(terms, np.ones(len(x)), rcond=None)[0]
    exact[name] = np.linalg.solve(-np.array([[2 * a, d, e], [d, 2 * b, f], [e, f, 2 * c]]), g).round().tolist()
seen = {name: fitted(chosen @ SCALE + OFFSET) for name, chosen in SETS.items()}
print(f'magcal {version("magcal")}\n'
      f'guess: the ellipsoid of exact readings is found, its offset {OFFSET.tolist()}, as a fit of nine terms does\n'
      f'seen:  offsets, and what is said of the fit: {seen}:\n'
      '       the offset is the mean of the readings')
held = set(map(tuple, exact.values())) == {tuple(OFFSET)} and np.abs(np.subtract(seen['all'][0], OFFSET)).max() <= 1
held = held and seen['not below'][0][2] > 20 and seen['to a side'][0][0] > 20
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
