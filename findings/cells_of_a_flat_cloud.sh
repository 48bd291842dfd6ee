#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An aisle of 7 by 2 m whose heights span 1 m, in cells of 4 m, and of 3 m. The cells come out larger than was asked, and are no
# cubes: what is thinned out or counted in them is that of another grid.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyntcloud==0.3.1 numpy==1.26.4 pandas==2.3.3 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
from pyntcloud import PyntCloud

points = np.vstack([[0, 0, 0], [7, 2, 1], np.random.default_rng(0).uniform(0, [7, 2, 1], (20000, 3))])
cloud = PyntCloud(pd.DataFrame(points, columns=list('xyz')))


def cells(size, **options):
    """Return how large the cells are of which this size is asked, in metres."""
    name = cloud.add_structure('voxelgrid', size_x=size, size_y=size, size_z=size, **options)
    return [round(float(edge), 1) for edge in cloud.structures[name].shape]


found = {size: cells(size) for size in (4.0, 3.0)}
tight = {size: cells(size, regular_bounding_box=False) for size in found}
print(f'pyntcloud {version("pyntcloud")}\n'
      'guess: the size asked for is the cells\' size: margins are added so that whole ones fit\n'
      'seen:  ' + '; '.join(f'of {size} m: {edges}' for size, edges in found.items())
      + f'; with regular_bounding_box=False {tight}')
held = found == {4: [4, 4.5, 5], 3: [3, 4, 3]} and all(edges == [size] * 3 for size, edges in tight.items())
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
