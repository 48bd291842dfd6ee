#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A quarter turn of an STL mesh about the vertical axis: by an angle, and by a matrix.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy-stl==4.1.1 trimesh==5.2.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import trimesh
from stl.mesh import Mesh

AHEAD = [[1, 0, 0], [0, 0, 0], [0, 0, 1]]  # its first corner lies ahead; a quarter turn to the left brings it to (0, 1, 0)
quarter = trimesh.transformations.rotation_matrix(np.pi / 2, [0, 0, 1])


def mesh():
    data = np.zeros(1, Mesh.dtype)
    data['vectors'][0] = AHEAD
    return Mesh(data)


angle, matrix = mesh(), mesh()
angle.rotate([0, 0, 1], np.pi / 2)
matrix.transform(quarter)
other = trimesh.Trimesh(AHEAD, [[0, 1, 2]], process=False).apply_transform(quarter)
corners = [(np.asarray(corner).round(6) + 0.0).tolist() for corner in (angle.vectors[0, 0], matrix.vectors[0, 0], other.vertices[0])]
print(f'numpy-stl {version("numpy-stl")}, trimesh {version("trimesh")}\n'
      'guess: rotate about +z by +90 degrees turns to the left, as the matrix of that turn does\n'
      f'seen:  rotate brings (1, 0, 0) to {corners[0]}, transform to {corners[1]}, trimesh to {corners[2]}')
held = corners == [[0, -1, 0], [0, 1, 0], [0, 1, 0]]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
