#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A glTF mesh of which one vertex is put right by a sparse accessor, and one drawn as a fan.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check trimesh==5.2.0 assimp-py==1.1.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json
import struct
import sys
from importlib.metadata import version

import assimp_py
import numpy as np
import trimesh

corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
TRIANGLES, FAN = 4, 6


def load(order, mode, **more):
    """Write a .glb of these corners and return the greatest x and the number of triangles, by trimesh and by Assimp."""
    order = np.array(order, np.uint16)
    data = order.tobytes() + corners.tobytes() + struct.pack('<HH', 1, 0) + struct.pack('<fff', 5, 0, 0)
    at = order.nbytes
    text = {'asset': {'version': '2.0'}, 'scene': 0, 'scenes': [{'nodes': [0]}], 'nodes': [{'mesh': 0}],
            'meshes': [{'primitives': [{'attributes': {'POSITION': 1}, 'indices': 0, 'mode': mode}]}],
            'buffers': [{'byteLength': len(data)}],
            'bufferViews': [{'buffer': 0, 'byteLength': at}, {'buffer': 0, 'byteOffset': at, 'byteLength': 48},
                            {'buffer': 0, 'byteOffset': at + 48, 'byteLength': 2}, {'buffer': 0, 'byteOffset': at + 52, 'byteLength': 12}],
            'accessors': [{'bufferView': 0, 'componentType': 5123, 'count': len(order), 'type': 'SCALAR'},
                          {'bufferView': 1, 'componentType': 5126, 'count': 4, 'type': 'VEC3', 'min': [0, 0, 0],
                           'max': [5 if more else 1, 1, 0], **more}]}
    head = json.dumps(text).encode()
    head += b' ' * (-len(head) % 4)
    with open('mesh.glb', 'wb') as file:
        file.write(struct.pack('<4sIIII', b'glTF', 2, 28 + len(head) + len(data), len(head), 0x4E4F534A) + head
                   + struct.pack('<II', len(data), 0x004E4942) + data)
    ours = [mesh for mesh in trimesh.load('mesh.glb').geometry.values()]
    theirs = assimp_py.import_file('mesh.glb', assimp_py.Process_Triangulate).meshes
    return [(max((float(mesh.bounds[1, 0]) for mesh in ours), default=None), sum(len(mesh.faces) for mesh in ours)),
            (max(float(np.reshape(mesh.vertices, (-1, 3))[:, 0].max()) for mesh in theirs), sum(len(mesh.indices) // 3 for mesh in theirs))]


SPARSE = {'count': 1, 'indices': {'bufferView': 2, 'componentType': 5123}, 'values': {'bufferView': 3}}
two = [0, 1, 2, 0, 2, 3]
seen = {'as it is': load(two, TRIANGLES), 'vertex 1 put to 5 m': load(two, TRIANGLES, sparse=SPARSE), 'as a fan': load([0, 1, 2, 3], FAN)}
print(f'trimesh {version("trimesh")}, assimp-py {version("assimp-py")}\n'
      'guess: the greatest x is 1 m, 5 m and 1 m, of two triangles each time\n'
      f'seen:  trimesh and Assimp {seen}')
held = (seen['as it is'] == [(1, 2)] * 2 and seen['vertex 1 put to 5 m'] == [(1, 2), (5, 2)] and seen['as a fan'] == [(None, 0), (1, 2)])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
