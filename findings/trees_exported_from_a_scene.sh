#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Three trees drawn as instances of one, in an InstancedMesh of three.js, exported to PLY, STL and OBJ; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" three@0.187.0
cd "$work"
cat > trees.mjs <<'JS'
import { BoxGeometry, Box3, InstancedMesh, Matrix4, MeshBasicMaterial, Scene } from 'three'
import { OBJExporter } from 'three/addons/exporters/OBJExporter.js'
import { PLYExporter } from 'three/addons/exporters/PLYExporter.js'
import { STLExporter } from 'three/addons/exporters/STLExporter.js'

globalThis.requestAnimationFrame = call => call()  // which PLYExporter takes for granted
const scene = new Scene()
const trees = new InstancedMesh(new BoxGeometry(1, 1, 4), new MeshBasicMaterial(), 3)
for (let tree = 0; tree < 3; tree++) trees.setMatrixAt(tree, new Matrix4().makeTranslation(10 + 10 * tree, 0, 0))
scene.add(trees)
scene.updateMatrixWorld(true)
const width = text => {
  const across = [...text.matchAll(/^\s*(?:v |vertex )?(-?[\d.]+) -?[\d.]+ -?[\d.]+/gm)].map(match => Number(match[1]))
  return [Math.min(...across), Math.max(...across)]
}
const box = new Box3().setFromObject(scene)
const seen = { OBJ: width(new OBJExporter().parse(scene).replace(/^v[nt].*$/gm, '')) }
seen.STL = width(new STLExporter().parse(scene).replace(/^\s*facet.*$/gm, ''))
seen.PLY = width(new PLYExporter().parse(scene, undefined, { excludeAttributes: ['normal', 'uv', 'index'] }).split('end_header')[1])
const count = new STLExporter().parse(scene).match(/^\s*facet/gm).length
console.log(`three 0.187.0 (npm)
guess: three trees of twelve triangles from ${box.min.x} to ${box.max.x} m, as they are drawn
seen:  ${count} triangles, from and to ${JSON.stringify(seen)}: one tree, where none is drawn`)
if (box.min.x !== 9.5 || box.max.x !== 30.5 || count !== 12 || JSON.stringify(Object.values(seen)) !== '[[-0.5,0.5],[-0.5,0.5],[-0.5,0.5]]') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node trees.mjs
