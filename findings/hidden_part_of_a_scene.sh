#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A robot in USD with a part that is made invisible, a shape for collisions, whose purpose is "guide", and a part with a place of its own,
# "!resetXformStack!", read by USD itself and by three.js; it needs Node.js.
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

stage = Usd.Stage.CreateNew('robot.usda')
UsdGeom.SetStageUpAxis(stage, 'Y')
UsdGeom.SetStageMetersPerUnit(stage, 1)
UsdGeom.Xform.Define(stage, '/robot').AddTranslateOp().Set((10, 0, 0))
for name in ('body', 'spare', 'collision', 'dock'):
    part = UsdGeom.Xform.Define(stage, f'/robot/{name}')
    part.AddTranslateOp().Set((1, 0, 0))
    mesh = UsdGeom.Mesh.Define(stage, f'/robot/{name}/{name}_mesh')
    mesh.CreatePointsAttr([(0, 0, 0), (1, 0, 0), (0, 1, 0)])
    mesh.CreateFaceVertexCountsAttr([3])
    mesh.CreateFaceVertexIndicesAttr([0, 1, 2])
UsdGeom.Imageable.Get(stage, '/robot/spare').MakeInvisible()
UsdGeom.Imageable.Get(stage, '/robot/collision').CreatePurposeAttr('guide')
UsdGeom.Xformable.Get(stage, '/robot/dock').SetResetXformStack(True)
stage.Save()
truth, places = {}, UsdGeom.XformCache()
for prim in stage.Traverse():
    if prim.IsA(UsdGeom.Mesh):
        shape = UsdGeom.Imageable(prim)
        drawn = shape.ComputeVisibility() != 'invisible' and shape.ComputePurpose() == 'default'
        truth[prim.GetName()] = [drawn, places.GetLocalToWorldTransform(prim).Transform(Gf.Vec3d(0))[0]]
json.dump(truth, open('truth.json', 'w'))
PYTHON
cat > robot.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { Vector3 } from 'three'
import { USDLoader } from 'three/addons/loaders/USDLoader.js'

const truth = JSON.parse(readFileSync('truth.json', 'utf8'))
const scene = new USDLoader().parse(readFileSync('robot.usda', 'utf8'))
scene.updateMatrixWorld(true)
const seen = {}
scene.traverse(part => {
  if (!part.isMesh) return
  let drawn = true
  for (let above = part; above; above = above.parent) drawn &&= above.visible
  seen[part.name] = [drawn, new Vector3().applyMatrix4(part.matrixWorld).x]
})
console.log(`three 0.187.0 (npm), usd-core 26.11
guess: drawn or not, and where, as in USD: ${JSON.stringify(truth)}
seen:  ${JSON.stringify(seen)}: all is drawn, also what is invisible or a guide, and the dock goes with the robot`)
const names = ['body', 'spare', 'collision', 'dock'].map(name => name + '_mesh')
const held = names.map(name => String(truth[name])).join(' ') === 'true,11 false,11 false,11 true,1' && names.every(name => String(seen[name]) === 'true,11')
if (!held) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node robot.mjs
