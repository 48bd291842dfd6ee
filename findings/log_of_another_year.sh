#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A receiver's log of 1994 is read: a sentence with the date, RMC, and one of the same second without, GGA; it needs Node.js. The
# state's time jumps between the day of the log and today, with each sentence: a replay has no order in time.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" gps@0.9.0
cd "$work"
cat > log.mjs <<'JS'
import { createRequire } from 'node:module'

const module = createRequire(import.meta.url)('gps')
const GPS = module.GPS || module
const sentence = text => `$${text}*${[...text].reduce((sum, sign) => sum ^ sign.charCodeAt(0), 0).toString(16).padStart(2, '0').toUpperCase()}`
const dated = sentence('GPRMC,123519.50,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W')
const undated = sentence('GPGGA,123519.50,4807.038,N,01131.000,E,4,08,0.9,545.4,M,46.9,M,1.2,0031')
const gps = new GPS()
const day = text => {
  if (!gps.update(text)) throw new Error(`not valid: ${text}`)
  return new Date(gps.state.time).toISOString().slice(0, 10)
}
const today = () => new Date().toISOString().slice(0, 10)
const before = today()
const days = [dated, undated, dated, undated].map(day)
const after = today()
console.log(`gps 0.9.0
guess: 1994-03-23 all along: the state knows the day
seen:  ${days.join(', ')}`)
const isToday = text => text === before || text === after
if (!(days[0] === '1994-03-23' && days[2] === days[0] && isToday(days[1]) && isToday(days[3]))) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node log.mjs
