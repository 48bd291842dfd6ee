#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two triangles in OBJ, the second one with corners counted back from the last vertex, and a triangle whose vertices have colours, read by
# meshio and by trimesh.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check meshio==5.3.5 trimesh==5.2.0 numpy==2.4.6
cd "$work"
printf '%s\n' 'v 0 0 0' 'v 1 0 0' 'v 0 1 0' 'v 5 0 0' 'v 6 0 0' 'v 5 1 0' 'f 1 2 3' 'f -3 -2 -1' > two.obj
printf '%s\n' 'v 0 0 0 1 0 0' 'v 1 0 0 0 1 0' 'v 0 1 0 0 0 1' 'f 1 2 3' > coloured.obj
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import meshio
import trimesh

own, other = meshio.read('two.obj'), trimesh.load('two.obj', process=False)
corners = [mesh[faces[1]][:, :2].astype(int).tolist() for mesh, faces in ((own.points, own.cells[0].data), (other.vertices, other.faces))]
places = [mesh.shape for mesh in (meshio.read('coloured.obj').points, trimesh.load('coloured.obj', process=False).vertices)]
print(f'meshio {version("meshio")}, trimesh {version("trimesh")}\n'
      f'guess: the second triangle is at {corners[1]}, and three places have three numbers, {places[1]}, as by trimesh\n'
      f'seen:  {corners[0]}, each corner one vertex too early; {places[0]}: a colour is three coordinates more')
held = corners == [[[0, 1], [5, 0], [6, 0]], [[5, 0], [6, 0], [5, 1]]] and places == [(3, 6), (3, 3)]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
