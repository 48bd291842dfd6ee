#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A path in NURBS, from (10, 0) to (14, 0), turned and scaled by the functions of geomdl.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check geomdl==5.4.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from geomdl import BSpline, operations, utilities

path = BSpline.Curve()
path.degree = 2
path.ctrlpts = [[10, 0, 0], [12, 3, 0], [14, 0, 0]]
path.knotvector = utilities.generate_knot_vector(2, 3)


def ends(curve):
    return [tuple(round(part, 9) + 0. for part in curve.evaluate_single(at)) for at in (0., 1.)]


turned, scaled = ends(operations.rotate(path, 90, axis=2)), ends(operations.scale(path, 2))
print(f'geomdl {version("geomdl")}\n'
      'guess: turned by 90 degrees "about the chosen axis", z, it leads from (0, 10) to (0, 14), as it leads from (20, 0) to (28, 0) scaled\n'
      '       by 2: both about the origin\n'
      f'seen:  turned from {turned[0]} to {turned[1]}, about its own start; scaled from {scaled[0]} to {scaled[1]}')
sys.exit(0 if turned == [(10, 0, 0), (10, 4, 0)] and scaled == [(20, 0, 0), (28, 0, 0)] else 'The behaviour has changed.')
PYTHON
