#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An IMU without noise, as a simulator gives it, of a robot that is level and looks north, and of one with its nose up; it needs
# Node.js. One filter's attitude is not a number from the first sample on, the other one's stays level whichever way it leans.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" ahrs@1.3.3
cd "$work"
cat > rest.mjs <<'JS'
import { createRequire } from 'node:module'

const AHRS = createRequire(import.meta.url)('ahrs')
const attitude = (algorithm, acceleration, north, noise = 0) => {
  const filter = new AHRS({ sampleInterval: 10, algorithm })
  for (let sample = 0; sample < 3000; sample++) filter.update(0, 0, 0, ...acceleration.map(part => part + noise), ...north.map(part => part + noise))
  const { heading, pitch, roll } = filter.getEulerAngles()
  return [heading, pitch, roll].map(angle => Math.round(angle * 180 / Math.PI) + 0)
}
const LEVEL = [[0, 0, 1], [1, 0, 0]]
const UP = [[0.5, 0, 0.75 ** 0.5], [0.75 ** 0.5, 0, -0.5]]  // what is felt, and where north is, with the nose up by 30 degrees
const seen = {
  'Madgwick, level': attitude('Madgwick', ...LEVEL), 'with 1e-4 on each': attitude('Madgwick', ...LEVEL, 1e-4),
  'Mahony, nose up': attitude('Mahony', ...UP), 'of it with 1e-4': attitude('Mahony', ...UP, 1e-4) }
console.log(`ahrs 1.3.3
guess: 0 0 0 level, and a pitch of -30 with the nose up, in both: exact numbers are the easiest
seen:  heading, pitch and roll: ${Object.entries(seen).map(([name, angles]) => `${name} ${angles}`).join('; ')}`)
const [exact, noisy, up, noisyUp] = Object.values(seen).map(String)
if (!(exact === 'NaN,NaN,NaN' && noisy === '0,0,0' && up === '0,0,0' && noisyUp === '0,-30,0')) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node rest.mjs
