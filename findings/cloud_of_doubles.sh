#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A cloud in UTM, in a PCD of float64, as PCD allows; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @loaders.gl/pcd@4.4.2 @loaders.gl/core@4.4.5
cd "$work"
cat > cloud.mjs <<'JS'
import { parse } from '@loaders.gl/core'
import { PCDLoader } from '@loaders.gl/pcd'

const PLACE = [456123.5, 5428996.5, 100.25]  // each is a float32, too
const read = async (size, data) => {
  const head = new TextEncoder().encode(`# .PCD v.7 - Point Cloud Data file format
VERSION .7
FIELDS x y z
SIZE ${size} ${size} ${size}
TYPE F F F
COUNT 1 1 1
WIDTH 1
HEIGHT 1
VIEWPOINT 0 0 0 1 0 0 0
POINTS 1
DATA ${data}
`)
  const body = data === 'ascii' ? new TextEncoder().encode(`${PLACE.join(' ')}\n`)
    : new Uint8Array((size === 8 ? Float64Array : Float32Array).from(PLACE).buffer)
  const file = new Uint8Array(head.length + body.length)
  file.set(head)
  file.set(body, head.length)
  const { attributes } = await parse(file.buffer, PCDLoader, { worker: false })
  return [...attributes.POSITION.value]
}
const [single, text, double] = [await read(4, 'binary'), await read(8, 'ascii'), await read(8, 'binary')]
console.log(`@loaders.gl/pcd 4.4.2
guess: ${PLACE}, be it of float32 or float64, or an error
seen:  float32 ${single}; float64 in text ${text}, binary ${double}`)
if (`${single}` !== `${PLACE}` || `${text}` !== `${PLACE}` || `${double}` === `${PLACE}` || !(Math.abs(double[1]) < 1e3)) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node cloud.mjs
