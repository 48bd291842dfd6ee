#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A robot that stands level, as a simulator without noise has it, and then tilts: what a filter of orientation makes of its
# accelerometer and gyroscope; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund ahrs@1.3.3 >/dev/null
node - <<'JAVASCRIPT'
const AHRS = require('ahrs');
const {version} = require('./node_modules/ahrs/package.json');

/** Return roll, degrees, after a second level and five at 20 degrees, of an accelerometer with an offset along x, g. */
function roll(offset) {
  const filter = new AHRS({algorithm: 'Madgwick', sampleInterval: 100});
  const tilted = 20 * Math.PI / 180;
  for (let i = 0; i < 600; i++) {
    const at = i < 100 ? 0 : tilted;
    filter.update(0, 0, 0, offset, Math.sin(at), Math.cos(at));
  }
  return Math.round(Math.abs(filter.getEulerAngles().roll) * 180 / Math.PI);
}

const [exact, real] = [roll(0), roll(0.001)];
console.log(`ahrs ${version}
guess: about 20 degrees of roll in the end, with an offset of 0.001 g or without
seen:  ${real} with it, ${exact} without: where it stands exactly level an error of nothing is divided by its length`);
if (!(Math.abs(real - 20) < 5 && Number.isNaN(exact))) {
  console.error('The behaviour has changed.');
  process.exit(1);
}
JAVASCRIPT
