#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A plate of 2 m in glTF with 16 bits a coordinate, as tools that make meshes smaller write it; the file says that this must be understood.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check trimesh==5.2.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json
import struct
import sys
from importlib.metadata import version

import numpy as np
import trimesh

SIZE = 2.0  # metres
corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]])
FLOAT, SHORT = 5126, 5122


def load(positions, kind, **more):
    """Write one triangle as a .glb with a node that makes it twice as large, and return its size in x as trimesh loads it."""
    data = np.arange(4, dtype=np.uint16).tobytes() + positions.tobytes()  # an index more fills up to four bytes
    text = {'asset': {'version': '2.0'}, 'scene': 0, 'scenes': [{'nodes': [0]}], 'nodes': [{'mesh': 0, 'scale': [SIZE] * 3}],
            'meshes': [{'primitives': [{'attributes': {'POSITION': 1}, 'indices': 0}]}], 'buffers': [{'byteLength': len(data)}],
            'bufferViews': [{'buffer': 0, 'byteLength': 6},
                            {'buffer': 0, 'byteOffset': 8, 'byteLength': positions.nbytes, 'byteStride': positions.strides[0]}],
            'accessors': [{'bufferView': 0, 'componentType': 5123, 'count': 3, 'type': 'SCALAR'},
                          {'bufferView': 1, 'componentType': kind, 'count': 3, 'type': 'VEC3', **more,
                           'min': positions[:, :3].min(axis=0).tolist(), 'max': positions[:, :3].max(axis=0).tolist()}]}
    if kind == SHORT:
        text['extensionsUsed'] = text['extensionsRequired'] = ['KHR_mesh_quantization']
    head = json.dumps(text).encode()
    head += b' ' * (-len(head) % 4)
    with open('plate.glb', 'wb') as file:
        file.write(struct.pack('<4sIIII', b'glTF', 2, 28 + len(head) + len(data), len(head), 0x4E4F534A) + head
                   + struct.pack('<II', len(data), 0x004E4942) + data)
    return float(trimesh.load('plate.glb').extents[0])


padded = np.zeros((3, 4), np.int16)  # each place begins at a multiple of four bytes
padded[:, :3] = corners * 32767
seen = {'float32': load(corners.astype(np.float32), FLOAT), '16 bits, normalized': load(padded, SHORT, normalized=True)}
print(f'trimesh {version("trimesh")}\n'
      f'guess: {SIZE} m wide, or refused, since the extension is among those that are required\n'
      f'seen:  {seen}')
sys.exit(0 if list(seen.values()) == [SIZE, SIZE * 32767] else 'The behaviour has changed.')
PYTHON
