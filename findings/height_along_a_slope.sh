#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A slope from 100 to 200 m, cut into four pieces of the same length; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @turf/turf@7.4.0
cd "$work"
cat > one.mjs <<'JS'
import * as turf from '@turf/turf'

const slope = turf.lineString([[11, 48, 100], [11.01, 48, 200]])
const length = turf.length(slope)
const heights = line => line.geometry.coordinates.map(place => place[2])
const pieces = turf.lineChunk(slope, length / 4 + 1e-9).features.map(heights)
const middle = turf.lineSliceAlong(slope, length / 4, length * 3 / 4)
const on = [0.3, 0.7].map(part => turf.along(slope, length * part).geometry.coordinates[2])
const nearest = turf.nearestPointOnLine(slope, turf.point([11.005, 48])).geometry.coordinates
console.log(`@turf/turf 7.4.0
guess: heights of the pieces 100 to 125, to 150, to 175, to 200 m, or none; at 0.3 and 0.7 of the way 130 and 170
seen:  pieces ${JSON.stringify(pieces)}, the middle half ${JSON.stringify(heights(middle))}, at 0.3 and 0.7 of the way
       ${on}, nearest point of ${nearest.length} numbers`)
const held = JSON.stringify(pieces) === '[[100,200],[200,200],[200,200],[200,200]]'
  && JSON.stringify(heights(middle)) === '[200,200]' && on.every(height => height === 100 || height === 200) && nearest.length === 2
if (!held) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node one.mjs
