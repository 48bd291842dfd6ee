#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A house of one square and one pentagon, as a PLY file; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" three@0.187.0
cd "$work"
cat > house.mjs <<'JS'
import { PLYLoader } from 'three/examples/jsm/loaders/PLYLoader.js'

const CORNERS = ['0 0 0', '2 0 0', '2 0 2', '1 0 3', '0 0 2', '2 2 0', '0 2 0']
const FACES = ['4 0 6 5 1', '5 0 1 2 3 4']
const triangles = faces => {
  const text = `ply
format ascii 1.0
element vertex ${CORNERS.length}
property float x
property float y
property float z
element face ${faces.length}
property list uchar int vertex_indices
end_header
${[...CORNERS, ...faces].join('\n')}
`
  const { index } = new PLYLoader().parse(new TextEncoder().encode(text).buffer)
  return index ? index.count / 3 : 0
}
const [floor, house, wall] = [FACES.slice(0, 1), FACES, FACES.slice(1)].map(triangles)
console.log(`three 0.187.0
guess: a square is two triangles, a pentagon three: five, or an error
seen:  the square alone ${floor}, both ${house}, the pentagon alone ${wall}`)
if (floor !== 2 || house !== 2 || wall !== 0) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node house.mjs
