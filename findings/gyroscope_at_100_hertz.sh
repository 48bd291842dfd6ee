#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A robot that turns by 9 degrees a second for ten seconds, its gyroscope read a hundred times a second; it needs Node.js. The
# option sampleInterval is described as a rate in hertz and taken as milliseconds: the robot turns ten times as far.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" ahrs@1.3.3
cd "$work"
cat > turn.mjs <<'JS'
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(import.meta.url)
const AHRS = require('ahrs')
const degrees = radians => +(radians * 180 / Math.PI).toFixed(1)
const turned = (rate, interval, ...seconds) => {
  const filter = new AHRS({ sampleInterval: interval, algorithm: 'Mahony' })
  const speed = 9 * Math.PI / 180
  for (let sample = 0; sample < 10 * rate; sample++) filter.update(0, 0, speed, 0.001, 0.001, 1, undefined, undefined, undefined, ...seconds)
  const { z, w } = filter.getQuaternion()
  return degrees(2 * Math.atan2(z, w))
}
const described = /sample interval, in Hz/.test(readFileSync(require.resolve('ahrs/README.md'), 'utf8'))
const found = { 'as 100': turned(100, 100), 'as 10': turned(100, 10), 'with the time of each step': turned(100, 100, 0.01) }
const at20 = turned(20, 20)
console.log(`ahrs 1.3.3
guess: 90 degrees, at 100 hertz as 100: ${described ? 'its description says "in Hz"' : 'a rate'}
seen:  modulo 360, at 100 hertz ${JSON.stringify(found)}; at 20 hertz, its default, ${at20}`)
const held = described && Math.abs(found['as 100'] - 180) < 3 && Math.abs(found['as 10'] - 90) < 1
  && Math.abs(found['with the time of each step'] - 90) < 1 && Math.abs(at20 - 36) < 1
if (!held) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node turn.mjs
