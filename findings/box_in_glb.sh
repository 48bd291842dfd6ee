#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A box written as glTF, in text and in binary, and read again by the package that wrote it, and by another.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 open3d-cpu==0.20.0 trimesh==5.2.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json
import struct
import sys

import numpy as np
import open3d as o3d
import trimesh

box = o3d.geometry.TriangleMesh.create_box(1, 2, 3)
seen = {}
for kind in 'gltf', 'glb', 'ply':
    wrote = o3d.io.write_triangle_mesh(f'box.{kind}', box)
    seen[kind] = wrote, len(o3d.io.read_triangle_mesh(f'box.{kind}').triangles)
trimesh.creation.box((1, 2, 3)).export('other.glb')
other = len(o3d.io.read_triangle_mesh('other.glb').triangles)
data = open('box.glb', 'rb').read()
length, = struct.unpack('<I', data[12:16])
buffer, = json.loads(data[20:20 + length])['buffers']
try:
    theirs = f'{len(trimesh.load("box.glb", force="mesh").faces)} triangles'
except Exception as error:
    theirs = type(error).__name__
print(f'Open3D {o3d.__version__}, trimesh {trimesh.__version__}\n'
      f'guess: 12 triangles come back, of whichever kind of file\n'
      f'seen:  written, and triangles read: {seen}, of the GLB of trimesh {other}; trimesh reads {theirs} of the one of Open3D; '
      f'what follows its JSON: {len(data) - 20 - length} bytes, as its buffer is a {buffer.get("uri", "")[:5]} URI within')
held = (seen == {'gltf': (True, 12), 'glb': (True, 0), 'ply': (True, 12)} and other == 12 and len(data) == 20 + length
        and buffer['uri'].startswith('data:') and np.asarray(box.vertices).shape == (8, 3))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
