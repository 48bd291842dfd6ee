#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A square of two triangles in COLLADA, told as triangles, as a strip and as a fan, in the ColladaLoader of three.js and in Assimp; it needs
# Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check assimp-py==1.1.0 numpy==2.4.6
npm install --silent --no-audit --no-fund --prefix "$work" three@0.187.0 jsdom@26.1.0
cd "$work"
for kind in 'triangles 0 1 2 0 2 3' 'tristrips 0 1 3 2' 'trifans 0 1 2 3'; do
    name=${kind%% *}
    count=$([ "$name" = triangles ] && echo 2 || echo 1)
    cat > "$name.dae" <<DAE
<?xml version="1.0"?>
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
  <asset><unit name="metre" meter="1"/><up_axis>Y_UP</up_axis></asset>
  <library_geometries><geometry id="square"><mesh>
    <source id="corners"><float_array id="numbers" count="12">0 0 0 1 0 0 1 1 0 0 1 0</float_array>
      <technique_common><accessor source="#numbers" count="4" stride="3"><param name="X" type="float"/><param name="Y" type="float"/><param
        name="Z" type="float"/></accessor></technique_common></source>
    <vertices id="points"><input semantic="POSITION" source="#corners"/></vertices>
    <$name count="$count"><input semantic="VERTEX" source="#points" offset="0"/><p>${kind#* }</p></$name>
  </mesh></geometry></library_geometries>
  <library_visual_scenes><visual_scene id="scene"><node id="node"><instance_geometry url="#square"/></node></visual_scene></library_visual_scenes>
  <scene><instance_visual_scene url="#scene"/></scene>
</COLLADA>
DAE
done
"$work/venv/bin/python" - > assimp.json <<'PYTHON'
import json

import assimp_py


def triangles(name):
    scene = assimp_py.import_file(name, assimp_py.Process_Triangulate)
    return sum(len(list(mesh.indices)) // 3 if not isinstance(list(mesh.indices)[0], (list, tuple)) else len(list(mesh.indices))
               for mesh in scene.meshes)


print(json.dumps([triangles(f'{name}.dae') for name in ('triangles', 'tristrips', 'trifans')]))
PYTHON
cat > square.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { JSDOM } from 'jsdom'
import { ColladaLoader } from 'three/addons/loaders/ColladaLoader.js'

Object.assign(globalThis, { DOMParser: new JSDOM().window.DOMParser })
const triangles = name => {
  let count = 0
  const { scene } = new ColladaLoader().parse(readFileSync(`${name}.dae`, 'utf8'), '')
  scene.traverse(part => { if (part.isMesh) count += part.geometry.attributes.position.count / 3 })
  return count
}
const own = JSON.stringify(['triangles', 'tristrips', 'trifans'].map(triangles))
const other = readFileSync('assimp.json', 'utf8').trim().replaceAll(' ', '')
console.log(`three 0.187.0 (npm), assimp-py 1.1.0
guess: two triangles each, as by Assimp: ${other}
seen:  ${own}: what is told as a strip or a fan is not there`)
if (own !== '[2,0,0]' || other !== '[2,2,2]') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node square.mjs
