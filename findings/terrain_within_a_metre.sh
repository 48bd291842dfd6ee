#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A terrain of 257 by 257 heights as a mesh "for a 1 m error", as the first example of one package has it for 10 m; it needs Node.js.
# Each height is compared with the triangle above or below it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @mapbox/martini@0.2.0 delatin@0.2.0
cd "$work"
cat > terrain.cjs <<'JS'
const load = name => { const module = require(name); return module.default ?? module }
const Martini = load('@mapbox/martini'), Delatin = load('delatin')

const SIZE = 257
let state = 1
const random = () => (state = state * 16807 % 2147483647) / 2147483647
const hills = Array.from({ length: 60 }, () => [random() * SIZE, random() * SIZE, 3 + 12 * random(), 40 * random() - 10])
const terrain = Float32Array.from({ length: SIZE * SIZE }, (_, cell) => hills.reduce((height, [x, y, width, top]) =>
  height + top * Math.exp(-((cell % SIZE - x) ** 2 + (Math.floor(cell / SIZE) - y) ** 2) / (2 * width * width)), 0))

const farthest = (flat, triangles) => {
  let most = 0, cells = 0
  for (let index = 0; index < triangles.length; index += 3) {
    const [a, b, c] = [0, 1, 2].map(corner => [...flat.slice(2 * triangles[index + corner], 2 * triangles[index + corner] + 2)])
    const height = ([x, y]) => terrain[y * SIZE + x]
    const area = (b[1] - c[1]) * (a[0] - c[0]) + (c[0] - b[0]) * (a[1] - c[1])
    const range = axis => [Math.min(a[axis], b[axis], c[axis]), Math.max(a[axis], b[axis], c[axis])]
    for (let y = range(1)[0]; y <= range(1)[1]; y++) {
      for (let x = range(0)[0]; x <= range(0)[1]; x++) {
        const u = ((b[1] - c[1]) * (x - c[0]) + (c[0] - b[0]) * (y - c[1])) / area
        const v = ((c[1] - a[1]) * (x - c[0]) + (a[0] - c[0]) * (y - c[1])) / area
        if (u < -1e-9 || v < -1e-9 || u + v > 1 + 1e-9) continue
        cells++
        most = Math.max(most, Math.abs(u * height(a) + v * height(b) + (1 - u - v) * height(c) - height([x, y])))
      }
    }
  }
  if (cells < SIZE * SIZE) throw new Error('a cell lies in no triangle')
  return most
}
const tile = new Martini(SIZE).createTile(terrain)
const errors = [0.5, 1, 5].map(limit => {
  const mesh = tile.getMesh(limit), other = new Delatin(terrain, SIZE, SIZE)
  other.run(limit)
  return [limit, farthest(mesh.vertices, mesh.triangles), farthest(other.coords, other.triangles)]
})
console.log(`@mapbox/martini 0.2.0, delatin 0.2.0
guess: of a mesh for an error of 1 m no height is off by more than 1 m
seen:  ${errors.map(([limit, own, other]) =>
    `for ${limit} m up to ${own.toFixed(2)} m by martini, ${other.toFixed(2)} m by delatin`).join('; ')}`)
if (!errors.every(([limit, own, other]) => own > 1.1 * limit && own < 1.6 * limit && other <= limit)) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node terrain.cjs
