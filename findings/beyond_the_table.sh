#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A look-up table for an optimiser, as of a motor's force by its speed: beyond its last point it is 0, or goes on.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check casadi==3.8.2 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import casadi

SPEEDS, FORCES = [0, 1, 2, 3, 4], [100, 95, 88, 79, 68]
tables = {kind: casadi.interpolant('force', kind, [SPEEDS], FORCES) for kind in ('linear', 'bspline')}
seen = {kind: {speed: round(float(table(speed)), 1) for speed in (3.5, 4, 4.001, 5, -0.001)} for kind, table in tables.items()}
print(f'CasADi {version("casadi")}\n'
      'guess: both kinds go on beyond the table, as a line or a polynomial, or say NaN\n'
      f'seen:  force by speed: {seen}')
linear, spline = seen['linear'], seen['bspline']
held = linear[5] == 57 and spline[4] == 68 and spline[4.001] == spline[5] == spline[-0.001] == 0
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
