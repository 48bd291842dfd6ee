#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A cloud whose colours are the field rgba, as PCL writes its points of colour and alpha; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" three@0.187.0
cd "$work"
cat > cloud.mjs <<'JS'
import { PCDLoader } from 'three/examples/jsm/loaders/PCDLoader.js'

const RED = 0xffff0000
const colour = field => {
  const text = `VERSION .7
FIELDS x y z ${field}
SIZE 4 4 4 4
TYPE F F F U
COUNT 1 1 1 1
WIDTH 1
HEIGHT 1
VIEWPOINT 0 0 0 1 0 0 0
POINTS 1
DATA ascii
1 2 3 ${RED}
`
  const { geometry, material } = new PCDLoader().parse(new TextEncoder().encode(text).buffer)
  return [geometry.attributes.color ? [...geometry.attributes.color.array] : null, material.vertexColors]
}
const [rgb, rgba] = ['rgb', 'rgba'].map(colour)
console.log(`three 0.187.0
guess: the point is red, be the field rgb or rgba
seen:  colour, and whether it is used: rgb ${JSON.stringify(rgb)}, rgba ${JSON.stringify(rgba)}`)
if (JSON.stringify(rgb) !== '[[1,0,0],true]' || JSON.stringify(rgba) !== '[null,false]') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node cloud.mjs
