#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A left hand that is the right one mirrored, by a scale of -1, in three.js, exported to STL, PLY and OBJ; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check trimesh==5.2.0 pillow==11.3.0 numpy==2.4.6
npm install --silent --no-audit --no-fund --prefix "$work" three@0.187.0
cd "$work"
cat > hands.mjs <<'JS'
import { writeFileSync } from 'node:fs'
import { BoxGeometry, Mesh, MeshBasicMaterial, Scene } from 'three'
import { OBJExporter } from 'three/addons/exporters/OBJExporter.js'
import { PLYExporter } from 'three/addons/exporters/PLYExporter.js'
import { STLExporter } from 'three/addons/exporters/STLExporter.js'

globalThis.requestAnimationFrame = call => call()  // which PLYExporter takes for granted
for (const [name, scale] of [['right', 1], ['left', -1]]) {
  const hand = new Mesh(new BoxGeometry(1, 2, 3), new MeshBasicMaterial())
  hand.scale.x = scale
  const scene = new Scene().add(hand)
  scene.updateMatrixWorld(true)
  writeFileSync(`${name}.stl`, new STLExporter().parse(scene))
  writeFileSync(`${name}.ply`, new PLYExporter().parse(scene))
  writeFileSync(`${name}.obj`, new OBJExporter().parse(scene))
}
JS
node hands.mjs
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import trimesh

seen = {}
for name in ('right', 'left'):
    for kind in ('stl', 'ply', 'obj'):
        mesh = trimesh.load(f'{name}.{kind}', force='mesh', process=False)
        out = np.einsum('ij,ij->i', mesh.face_normals, mesh.triangles_center) > 0
        seen[f'{name}.{kind}'] = [round(float(np.einsum('ij,ij->i', mesh.triangles[:, 0], np.cross(mesh.triangles[:, 1], mesh.triangles[:, 2])).sum()) / 6, 3),
                                  f'{out.sum()} of {len(out)} faces look out']
print(f'three 0.187.0 (npm), trimesh {version("trimesh")}\n'
      'guess: both hands have a volume of 6 and all faces look out, as three.js draws them\n'
      f'seen:  {seen}: the left one is turned inside out')
held = all(value == ([6, '12 of 12 faces look out'] if name.startswith('right') else [-6, '0 of 12 faces look out']) for name, value in seen.items())
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
