#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A red point in a PCD, the way that PCL writes it; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @loaders.gl/pcd@4.4.2 @loaders.gl/core@4.4.5 three@0.187.0
cd "$work"
cat > cloud.mjs <<'JS'
import { parse } from '@loaders.gl/core'
import { PCDLoader as LoadersGl } from '@loaders.gl/pcd'
import { PCDLoader as Three } from 'three/examples/jsm/loaders/PCDLoader.js'

const head = new TextEncoder().encode(`# .PCD v.7 - Point Cloud Data file format
VERSION .7
FIELDS x y z rgb
SIZE 4 4 4 4
TYPE F F F F
COUNT 1 1 1 1
WIDTH 1
HEIGHT 1
VIEWPOINT 0 0 0 1 0 0 0
POINTS 1
DATA binary
`)
const file = new Uint8Array(head.length + 16)
file.set(head)
new DataView(file.buffer).setUint32(head.length + 12, 0x00ff0000, true)  // 0x00rrggbb, in the bits of a float
const { attributes } = await parse(file.buffer, LoadersGl, { worker: false })
const [loaders, three] = [attributes.COLOR_0.value, new Three().parse(file.buffer).geometry.attributes.color.array].map(a => [...a])
console.log(`@loaders.gl/pcd 4.4.2, three 0.187.0
guess: red to both
seen:  red, green and blue: loaders.gl ${loaders}, three ${three}`)
if (`${loaders}` !== '0,0,255' || `${three}` !== '1,0,0') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node cloud.mjs
