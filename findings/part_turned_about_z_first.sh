#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A part of a USD scene turned by three angles, in each of the six orders that USD has, read by USD itself and by three.js; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check usd-core==26.11
npm install --silent --no-audit --no-fund --prefix "$work" three@0.187.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json

from pxr import Gf, Usd, UsdGeom

orders, truth = ['XYZ', 'XZY', 'YXZ', 'YZX', 'ZXY', 'ZYX'], {}
for order in orders:
    stage = Usd.Stage.CreateNew(f'{order}.usda')
    UsdGeom.SetStageUpAxis(stage, 'Y')
    UsdGeom.SetStageMetersPerUnit(stage, 1)
    part = UsdGeom.Xform.Define(stage, '/part')
    getattr(part, f'AddRotate{order}Op')().Set(Gf.Vec3f(10, 20, 30))
    mesh = UsdGeom.Mesh.Define(stage, '/part/mesh')
    mesh.CreatePointsAttr([(1, 0, 0), (0, 1, 0), (0, 0, 1)])
    mesh.CreateFaceVertexCountsAttr([3])
    mesh.CreateFaceVertexIndicesAttr([0, 1, 2])
    stage.Save()
    turn = UsdGeom.XformCache().GetLocalToWorldTransform(mesh.GetPrim())
    truth[order] = [round(x, 3) for x in turn.Transform(Gf.Vec3d(1, 0, 0))]
json.dump(truth, open('truth.json', 'w'))
PYTHON
cat > part.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { Vector3 } from 'three'
import { USDLoader } from 'three/addons/loaders/USDLoader.js'

const truth = JSON.parse(readFileSync('truth.json', 'utf8'))
const seen = {}
for (const order of Object.keys(truth)) {
  const scene = new USDLoader().parse(readFileSync(`${order}.usda`, 'utf8'))
  scene.updateMatrixWorld(true)
  scene.traverse(part => {
    if (part.isMesh) seen[order] = new Vector3(1, 0, 0).applyMatrix4(part.matrixWorld).toArray().map(x => Math.round(x * 1000) / 1000)
  })
}
const right = Object.keys(truth).filter(order => String(seen[order]) === String(truth[order]))
const still = Object.keys(truth).filter(order => String(seen[order]) === '1,0,0')
console.log(`three 0.187.0 (npm), usd-core 26.11
guess: each part is turned as USD turns it, its x axis leads to ${JSON.stringify(truth)}
seen:  so by ${right.map(order => 'rotate' + order)}; by ${still.map(order => 'rotate' + order).join(', ')} it is not turned at all`)
if (right.join() !== 'XYZ' || still.length !== 5) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node part.mjs
