#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# More neighbours than there are points: what stands in the places that are left.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pykdtree==1.4.3 scipy==1.17.1 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from pykdtree.kdtree import KDTree
from scipy.spatial import cKDTree

points = np.random.default_rng(0).random((50, 3))
here, away = np.full((1, 3), 0.5), np.full((1, 3), 9.0)
found = {}
for name, tree in (('scipy', cKDTree(points)), ('pykdtree', KDTree(points))):
    distance, index = tree.query(here, k=60)
    far, none = tree.query(away, k=1, distance_upper_bound=1.0)
    found[name] = (float(distance[0, -1]), int(index[0, -1])), (float(far[0]), int(none[0]))
print(f'pykdtree {version("pykdtree")}, scipy {version("scipy")}\n'
      'guess: a neighbour that is none is infinitely far and has the index 50, as beyond distance_upper_bound\n'
      'seen:  ' + '; '.join(f'{name}: the 60th of 50 is {few[0]:.3g} m away, index {few[1]}; nobody near: {none[0]}, '
                            f'index {none[1]}' for name, (few, none) in found.items()))
few, none = found['pykdtree']
held = found['scipy'] == ((np.inf, 50), (np.inf, 50)) and none == (np.inf, 50) and (
    few == (np.sqrt(np.finfo(float).max), 2**32 - 1))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
