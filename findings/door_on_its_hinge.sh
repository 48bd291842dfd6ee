#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A door in VRML that is turned by 90° about its hinge, the "center" of its Transform, read by VTK, by three.js and by MeshLab; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check vtk==9.7.2 pymeshlab==2025.7.post1 numpy==2.4.6
npm install --silent --no-audit --no-fund --prefix "$work" three@0.187.0
cd "$work"
cat > door.wrl <<'VRML'
#VRML V2.0 utf8
Transform {
  rotation 0 0 1 1.5707963
  center 1 0 0
  children [
    Shape {
      geometry IndexedFaceSet {
        coord Coordinate { point [ 0 0 0, 1 0 0, 0 0 2 ] }
        coordIndex [ 0 1 2 -1 ]
      }
    }
  ]
}
VRML
cat > door.mjs <<'JS'
import { readFileSync, writeFileSync } from 'node:fs'
import { Vector3 } from 'three'
import { VRMLLoader } from 'three/addons/loaders/VRMLLoader.js'

const scene = new VRMLLoader().parse(readFileSync('door.wrl', 'utf8'), '')
scene.updateMatrixWorld(true)
const corners = []
scene.traverse(part => {
  if (!part.isMesh) return
  const places = part.geometry.attributes.position
  for (let corner = 0; corner < places.count; corner++) {
    corners.push(new Vector3().fromBufferAttribute(places, corner).applyMatrix4(part.matrixWorld).toArray().map(Math.round).map(x => x + 0))
  }
})
writeFileSync('three.json', JSON.stringify(corners))
JS
node door.mjs
"$work/venv/bin/python" - 2> log <<'PYTHON' || { cat log; exit 1; }
import json
import sys
from importlib.metadata import version

import numpy as np
import pymeshlab
import vtk

importer = vtk.vtkVRMLImporter()
importer.SetFileName('door.wrl')
importer.Update()
actors = importer.GetRenderer().GetActors()
assert actors.GetNumberOfItems() == 1
door = actors.GetLastActor()
door.ComputeMatrix()
points = door.GetMapper().GetInput()
by_vtk = [[round(x) + 0 for x in door.GetMatrix().MultiplyPoint((*points.GetPoint(i), 1))[:3]] for i in range(points.GetNumberOfPoints())]
meshes = pymeshlab.MeshSet()
meshes.load_new_mesh('door.wrl')
by_meshlab = (np.round(meshes.current_mesh().vertex_matrix()) + 0).astype(int).tolist()
by_three = json.load(open('three.json'))
print(f'vtk {version("vtk")}, three 0.187.0 (npm), pymeshlab {version("pymeshlab")}\n'
      f'guess: the hinge, 1 0 0, stays where it is, and the door is at {sorted(by_meshlab)}, as in MeshLab\n'
      f'seen:  {sorted(by_vtk)} in VTK and {sorted(by_three)} in three.js: it is turned about the origin')
held = sorted(by_meshlab) == [[1, -1, 0], [1, -1, 2], [1, 0, 0]] and sorted(by_vtk) == sorted(by_three) == [[0, 0, 0], [0, 0, 2], [0, 1, 0]]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
