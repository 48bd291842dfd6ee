#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A path past an obstacle by OSQP, once in coordinates around 0 and once in UTM northings. That the tolerance is a part of
# the numbers' size is in the manual; what it comes to is not.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check osqp==1.1.3 scipy==1.17.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import osqp
from scipy import sparse

COUNT, NORTHING = 50, 5_334_000.0
bend = sparse.diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(COUNT - 2, COUNT))
cost = sparse.csc_matrix(sparse.eye_array(COUNT) + 10 * bend.T @ bend)
rows = sparse.csc_matrix(sparse.eye_array(COUNT))


def path(origin, **options):
    """Return the status, and a smooth path along `origin` that keeps 2 m off it between points 20 and 29, less `origin`."""
    lowest = np.full(COUNT, -np.inf)
    lowest[20:30] = origin + 2
    solver = osqp.OSQP()
    solver.setup(cost, np.full(COUNT, -origin), rows, lowest, np.full(COUNT, np.inf), verbose=False, **options)
    result = solver.solve(raise_error=False)
    return result.info.status, result.x - origin


near, far = path(0.0), path(NORTHING)
tight = path(NORTHING, eps_abs=1e-6, eps_rel=1e-9, max_iter=100_000)
off = [float(np.abs(way - near[1]).max()) for _, way in (far, tight)]
print(f'osqp {version("osqp")}\n'
      'guess: the same path, moved; "solved" means within a millimetre or so, at worst a metre\n'
      f'seen:  around 0 it is {near[0]}, at most {near[1].max():.2f} m aside; at {NORTHING:.0f} m it is {far[0]}, and up to '
      f'{off[0]:.0f} m off that path; with eps_rel=1e-9 {1e3 * off[1]:.0f} mm')
held = near[0] == far[0] == tight[0] == 'solved' and abs(near[1].max() - 2) < 0.1 and off[0] > 100 and off[1] < 0.1
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
