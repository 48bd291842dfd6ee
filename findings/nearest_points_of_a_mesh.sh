#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Where two bodies are nearest to each other, in the world or in each one's own frame.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check python-fcl==0.7.0.11 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import fcl
import numpy as np

CORNERS = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
SIDES = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6],
                  [0, 6, 4], [1, 5, 7], [1, 7, 3]])


def cube():
    model = fcl.BVHModel()
    model.beginModel(len(CORNERS), len(SIDES))
    model.addSubModel(CORNERS, SIDES)
    model.endModel()
    return model


def nearest(first, second):
    """Return the distance and x of both nearest points, the first body standing at x = 10, the second at 20."""
    bodies = [fcl.CollisionObject(body, fcl.Transform(np.array([x, 0.0, 0.0])))
              for body, x in ((first, 10.0), (second, 20.0))]
    result = fcl.DistanceResult()
    distance = fcl.distance(*bodies, fcl.DistanceRequest(enable_nearest_points=True), result)
    return round(distance, 6), *(round(float(point[0]), 6) for point in result.nearest_points)


found = {'ball and box': nearest(fcl.Sphere(1), fcl.Box(1, 1, 1)), 'mesh and mesh': nearest(cube(), cube()),
         'mesh and ball': nearest(cube(), fcl.Sphere(1))}
seen = '; '.join(f'{name}: {distance} m, from x = {a} to x = {b}' for name, (distance, a, b) in found.items())
print(f'python-fcl {version("python-fcl")}\nguess: bodies at x = 10 and 20: whatever they are, from about 11 to about 19\n'
      f'seen:  {seen}')
held = found == {'ball and box': (8.5, 11.0, 19.5), 'mesh and mesh': (9.0, 10.5, 19.5),
                 'mesh and ball': (8.5, 0.5, -1.0)}
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
