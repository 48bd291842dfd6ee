#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A bar of 1 m, turned by 30 degrees, on an assembly that is scaled by 2 along x, in glTF, before and after glTF Transform makes the tree of
# its nodes flat; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @gltf-transform/core@4.5.1 @gltf-transform/functions@4.5.1
cd "$work"
cat > bar.mjs <<'JS'
import { Document } from '@gltf-transform/core'
import { flatten } from '@gltf-transform/functions'

const assembly = () => {
  const document = new Document()
  const buffer = document.createBuffer()
  const positions = document.createAccessor().setType('VEC3').setArray(new Float32Array([0, 0, 0, 1, 0, 0, 0, .1, 0])).setBuffer(buffer)
  const mesh = document.createMesh('bar').addPrimitive(document.createPrimitive().setAttribute('POSITION', positions))
  const bar = document.createNode('bar').setMesh(mesh).setRotation([0, 0, Math.sin(Math.PI / 12), Math.cos(Math.PI / 12)])
  document.createScene().addChild(document.createNode('assembly').setScale([2, 1, 1]).addChild(bar))
  return document
}
const corners = document => {
  const node = document.getRoot().listNodes().find(node => node.getMesh())
  const [matrix, positions] = [node.getWorldMatrix(), node.getMesh().listPrimitives()[0].getAttribute('POSITION')]
  return [1, 2].map(index => {
    const [x, y] = positions.getElement(index, [])
    return [0, 1].map(row => Math.round((matrix[row] * x + matrix[4 + row] * y + matrix[12 + row]) * 1000) / 1000)
  })
}
const [plain, flat] = [assembly(), assembly()]
await flat.transform(flatten())
const [before, after] = [corners(plain), corners(flat)]
console.log(`@gltf-transform/functions 4.5.1 (npm)
guess: the end of the bar and its corner are at ${JSON.stringify(before)}, also when its node stands alone
seen:  ${JSON.stringify(after)}: the bar and its side are still at right angles, which they are not in the assembly`)
if (JSON.stringify(before) !== '[[1.732,0.5],[-0.1,0.087]]' || Math.hypot(after[0][0] - 1.732, after[0][1] - .5) < .1) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node bar.mjs
