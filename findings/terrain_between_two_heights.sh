#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A terrain from 2 to 4 m above zero, for the wheels of a simulated rover.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pybullet==3.2.7 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import pybullet

CELLS = 8
heights = np.full((CELLS, CELLS), 2.0)
heights[CELLS // 2:] = 4  # the half at y > 0

pybullet.connect(pybullet.DIRECT)


def ground(grid):
    """Return how high the ground is at y = -2 and y = 2, as a ray from above hits it; the body is placed at zero."""
    shape = pybullet.createCollisionShape(
        pybullet.GEOM_HEIGHTFIELD, meshScale=[1, 1, 1], heightfieldData=grid.ravel().tolist(),
        numHeightfieldRows=CELLS, numHeightfieldColumns=CELLS)
    body = pybullet.createMultiBody(0, shape, basePosition=[0, 0, 0])
    hits = [pybullet.rayTest([.3, y, 100], [.3, y, -100])[0][3][2] for y in (-2, 2)]
    pybullet.removeBody(body)
    return [round(z, 3) for z in hits]


pole = heights.copy()
pole[0, 0] = 20  # one sample, at a corner
seen, with_pole = ground(heights), ground(pole)
print(f'pybullet {version("pybullet")}\n'
      'guess: the ground is at 2 and 4 m, with and without a pole at a corner\n'
      f'seen:  at {seen}, with a pole of 20 m at {with_pole}: what lies between the lowest and the highest is at the body')
sys.exit(0 if seen == [-1, 1] and with_pole == [-9, -7] else 'The behaviour has changed.')
PYTHON
