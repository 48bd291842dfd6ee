#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A square in OFF whose two triangles have colours, read by vedo and by trimesh.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check vedo==2026.6.3 vtk==9.7.2 trimesh==5.2.0 numpy==2.4.6
cd "$work"
cat > square.off <<'MESH'
OFF
4 2 0
0 0 0
1 0 0
1 1 0
0 1 0
3 0 1 2 2 1 3
3 0 2 3 3 1 2
MESH
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import trimesh
import vedo

own, other = [[int(corner) for corner in face] for face in vedo.load('square.off').cells], trimesh.load('square.off', process=False)
print(f'vedo {version("vedo")}, trimesh {version("trimesh")}\n'
      f'guess: two triangles, {other.faces.tolist()}, and the three numbers after them are their colour\n'
      f'seen:  {own} by vedo: the colour is three corners more')
sys.exit(0 if other.faces.tolist() == [[0, 1, 2], [0, 2, 3]] and own == [[0, 1, 2, 2, 1, 3], [0, 2, 3, 3, 1, 2]]
         else 'The behaviour has changed.')
PYTHON
