#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The occupied cells of an octree map as a cloud: each point is at a corner of its cell, half a cell aside in x, y and z.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyoctomap==1.2.2 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from pyoctomap import OcTree

CELL = .5
wall = np.array([[3.25, .25, .25], [-2.75, -.25, 1.25]])  # centres of two cells
block = np.array([[x, y, z] for x in (8.25, 8.75) for y in (4.25, 4.75) for z in (.25, .75)])  # eight, merged to a leaf
tree = OcTree(CELL)
for point in [*wall, *list(block) * 9]:
    tree.updateNode(point, True)
leaves = sorted(leaf.getCoordinate() for leaf in tree.begin_leafs())
occupied = np.array(sorted(tree.extractPointCloud()[0].tolist()))
single, merged = occupied[:2], occupied[2:]
cast = np.zeros(3)
tree.castRay(np.array([0, .25, .25]), np.array([1.0, 0, 0]), cast, ignoreUnknownCells=True)
print(f'pyoctomap {version("pyoctomap")}\n'
      'guess: the centre of each cell, as of its leaf and of a ray that hits it\n'
      f'seen:  leaves {leaves}, ray {cast.tolist()}, extractPointCloud {single.tolist()}; but of the last leaf, '
      f'which is of eight cells, the centres of these: {np.allclose(merged, block)}')
held = (np.allclose(leaves, [wall[1], wall[0], block.mean(axis=0)]) and np.allclose(cast, wall[0])
        and np.allclose(single - leaves[:2], CELL / 2) and np.allclose(merged, block))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
