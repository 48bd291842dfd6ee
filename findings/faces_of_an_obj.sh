#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Three crates in an OBJ whose faces count back from the last vertex, as the format allows and exporters that append write it, and
# a floor with a notch in it. Two crates are gone and the third stands there three times; the notch is filled: robots collide.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check trimesh==5.2.0 assimp-py==1.1.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

import assimp_py
import numpy as np
import trimesh

TOP = 'v {0} 0 1\nv {1} 0 1\nv {1} 1 1\nv {0} 1 1\nf -4 -3 -2 -1\n'  # of a crate of 1 m by 1 m
FLOOR = 'v 0 0 0\nv 4 0 0\nv 4 4 0\nv 2 1 0\nv 0 4 0\nf 1 2 3 4 5\n'
files = {'crates': ''.join(TOP.format(at, at + 1) for at in (0, 5, 10)),
         'crates counted from the first': ''.join(TOP.format(at, at + 1).rpartition('f')[0] for at in (0, 5, 10))
         + 'f 1 2 3 4\nf 5 6 7 8\nf 9 10 11 12\n', 'floor': FLOOR}


def area_and_reach(triangles):
    """Return the area of all triangles, and from where to where they reach along x."""
    sides = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    return [round(float(number), 1) for number in (np.linalg.norm(sides, axis=1).sum() / 2, *np.sort(triangles[..., 0].ravel())[[0, -1]])]


seen = {}
for name, text in files.items():
    Path('mesh.obj').write_text(text)
    meshes = assimp_py.import_file('mesh.obj', assimp_py.Process_Triangulate).meshes
    assimp = np.concatenate([np.reshape(mesh.vertices, (-1, 3))[np.reshape(mesh.indices, (-1, 3))] for mesh in meshes])
    mesh = trimesh.load('mesh.obj', process=False, force='mesh')
    seen[name] = area_and_reach(mesh.vertices[mesh.faces]), area_and_reach(assimp)
print(f'trimesh {version("trimesh")}, assimp-py {version("assimp-py")}\n'
      'guess: three crates, 3 square metres from 0 to 11, counted either way, and a floor of 10\n'
      'seen:  area, from and to: ' + '; '.join(f'{name}: trimesh {one}, Assimp {other}' for name, (one, other) in seen.items()))
back, first, floor = seen.values()
held = (back == ([3, 10, 11], [3, 0, 11]) and first == ([3, 0, 11], [3, 0, 11]) and floor == ([14, 0, 4], [10, 0, 4]))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
