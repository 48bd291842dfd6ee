#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How far apart are two lines? It depends on how far apart the points are through which they are drawn.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check spatialmath-python==1.1.18 numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from spatialmath import Line3


def seen(step):
    """Return what is said of the x axis 1 m up and of two others, each drawn through points `step` apart."""
    rail = Line3.Join([0, 0, 1], [step, 0, 1])
    mast = Line3.Join([0, 2, 0], [0, 2, step])
    crossing = Line3.Join([2, 0, 1], [2, step, 1])
    return (round(float(rail.distance(mast)), 6), round(float(rail.closest_to_line(mast)[1]), 6),
            round(float(rail.distance(crossing)), 6), rail.intersects(crossing).tolist())


near, far = seen(1), seen(10)
print(f'spatialmath-python {version("spatialmath-python")}\n'
      'guess: a line is the same through any two of its points: 2 m from the one, and it meets the other in 2 0 1\n'
      'seen:  distance, distance of closest_to_line, distance of the line that it meets, and where it meets it: '
      f'through points 1 m apart {near}, 10 m apart {far}')
sys.exit(0 if near[:3] == (2, 2, 0) and far[:3] == (.002, 2, 0) and len(near[3]) == len(near[3][0]) == 3 else 'The behaviour has changed.')
PYTHON
