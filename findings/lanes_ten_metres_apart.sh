#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Lanes of a mower or a tractor, 10 m beside a line at 48 degrees north; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @turf/turf@7.4.0
cd "$work"
cat > one.mjs <<'JS'
import * as turf from '@turf/turf'

const units = { units: 'meters' }
const start = [11, 48]
const lines = { north: [11, 48.01], 'north-east': [11.01, 48.0067], east: [11.01, 48] }
const apart = {}
for (const [name, end] of Object.entries(lines)) {
  const line = turf.lineString([start, end])
  const lane = turf.lineOffset(line, 10, units)
  const middle = turf.midpoint(...lane.geometry.coordinates)
  apart[name] = Math.round(turf.pointToLineDistance(middle, line, units) * 10) / 10
}
const around = turf.buffer(turf.lineString([start, lines.north]), 10, units)
const edges = around.geometry.coordinates[0].filter(([, latitude]) => latitude > 48 && latitude < 48.01)
const wide = Math.max(...edges.map(place => turf.pointToLineDistance(place, turf.lineString([start, lines.north]), units)))
console.log(`@turf/turf 7.4.0
guess: each lane is 10 m beside its line, as the edge of a buffer is
seen:  lineOffset ${JSON.stringify(apart)}, buffer ${Math.round(wide * 10) / 10}`)
const held = apart.north === 6.7 && apart.east === 10 && apart['north-east'] > 6.8 && apart['north-east'] < 9.7 && Math.abs(wide - 10) < 0.1
if (!held) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node one.mjs
