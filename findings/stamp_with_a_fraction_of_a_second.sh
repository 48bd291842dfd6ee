#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A time of 2026 as milliseconds since 1970, 0 to 999 ms after a second, taken to milliseconds of GPS and back; it needs
# Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" gps-time@1.0.8
cd "$work"
cat > stamp.cjs <<'JS'
const { toGPSMS, toUnixMS } = require('gps-time')

const EPOCH = Date.UTC(1980, 0, 6)
const LEAPS = 18 // seconds, since 2017
const noon = Date.UTC(2026, 6, 15, 12)
const parts = [0, 1, 250, 500, 999]
const seen = parts.map(part => toGPSMS(noon + part) - (noon + part - EPOCH + 1000 * LEAPS))
const back = parts.map(part => toUnixMS(toGPSMS(noon + part)) - (noon + part))
console.log(`gps-time 1.0.8 (npm)
guess: noon of 15 July 2026, and ${parts.slice(1).join(', ')} ms later, are that long after 6 January 1980,
       and ${LEAPS} leap seconds
seen:  late by ${seen.join(', ')} ms, there and back by ${back.join(', ')}: a fraction
       is taken for the mark of a leap second`)
if (String(seen) !== '0,500,500,500,500' || String(back) !== String(seen)) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node stamp.cjs
