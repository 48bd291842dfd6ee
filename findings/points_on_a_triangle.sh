#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Points drawn at random from a mesh, to register a scan of a part to its model. The package chooses triangles by their area, and
# crowds the points of each about its first corner: their mean lies aside, and a fit to them is drawn there.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyntcloud==0.3.1 trimesh==5.2.0 numpy==1.26.4 pandas==2.3.3 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
import trimesh
from pyntcloud import PyntCloud

CORNERS, FACE, COUNT = np.array([[0, 0, 0], [3, 0, 0], [0, 3, 0]], float), [0, 1, 2], 40000
np.random.seed(0)
model = PyntCloud(pd.DataFrame(CORNERS[[2, 0, 1]], columns=list('xyz')), mesh=pd.DataFrame([FACE], columns=['v1', 'v2', 'v3']))
drawn = {'pyntcloud': model.get_sample('mesh_random', n=COUNT)[['x', 'y']].to_numpy(),
         'trimesh': trimesh.sample.sample_surface(trimesh.Trimesh(CORNERS, [FACE]), COUNT, seed=0)[0][:, :2]}


def told(points):
    """Return the mean, and which part of the points lies in the ninth of the area next to each corner."""
    x, y = points.T
    return np.round(points.mean(0, dtype=float), 1).tolist(), [round(float(part.mean()), 2) for part in (y > 2, x + y < 1, x > 2)]


seen = {name: told(points) for name, points in drawn.items()}
print(f'pyntcloud {version("pyntcloud")}, trimesh {version("trimesh")}\n'
      'guess: the points lie evenly on the triangle: mean [1, 1], 0.11 of them next to each corner\n'
      f'seen:  {"; ".join(f"{name}: mean {mean}, next to the corners {near}" for name, (mean, near) in seen.items())}')
(mean, near), (even, same) = seen['pyntcloud'], seen['trimesh']
held = even == [1, 1] and same == [0.11] * 3 and abs(mean[1] - 1.5) < 0.1 and near[0] > 0.25
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
