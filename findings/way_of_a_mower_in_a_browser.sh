#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A mower that drives 60 m in a minute and a half, a place every 0.6 s, and the way that it has gone; it needs Node.js. Each step is
# rounded to a whole metre before the steps are added: the way is 0 m, or, of places 0.8 m apart, a quarter too long.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" geolib@3.3.14
cd "$work"
cat > way.mjs <<'JS'
import { getDistance, getPathLength } from 'geolib'

const DEGREE = 40075017 / 360  // metres of the equator
const way = step => {
  const places = Array.from({ length: Math.round(60 / step) + 1 }, (_, index) => ({ latitude: 0, longitude: index * step / DEGREE }))
  return { told: getPathLength(places), exact: Math.round(getPathLength(places, (from, to) => getDistance(from, to, 0.001))),
    ends: getDistance(places[0], places.at(-1)) }
}
const [short, long] = [way(0.4), way(0.8)]
console.log(`geolib 3.3.14
guess: 60 m, to a metre
seen:  places 0.4 m apart ${JSON.stringify(short)}; 0.8 m apart ${JSON.stringify(long)}`)
const held = short.told === 0 && long.told === 75 && [short, long].every(({ exact, ends }) => exact === 60 && ends === 60)
if (!held) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node way.mjs
