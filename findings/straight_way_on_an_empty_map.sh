#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A way of 20 m straight ahead on an empty grid of 1 m, with diagonal steps allowed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyastar2d==1.1.4 scikit-image==0.26.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import pyastar2d
from skimage.graph import route_through_array

grid, start, goal = np.ones((11, 21), 'f4'), (5, 0), (5, 20)


def measure(way):
    way = np.array(way)
    return float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum()), int(np.abs(way[:, 0] - start[0]).max())


star = measure(pyastar2d.astar_path(grid, start, goal, allow_diagonal=True))
right = measure(route_through_array(grid, start, goal)[0])
print(f'pyastar2d {version("pyastar2d")}, scikit-image {version("scikit-image")}\n'
      'guess: the shortest way, straight on: 20.0 m\n'
      f'seen:  pyastar2d goes {star[0]:.1f} m and leaves the line by up to {star[1]} m: a diagonal step costs no more than a '
      f'straight one; scikit-image {right[0]:.1f} m, {right[1]} m')
held = star[0] > 22 and star[1] >= 2 and right == (20, 0)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
