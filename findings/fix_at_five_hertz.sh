#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Five fixes a second, written as NMEA sentences: all of them have the time of the full second; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" nmea-simple@3.3.0
cd "$work"
cat > fix.mjs <<'JS'
import { encodeNmeaPacket, parseNmeaSentence } from 'nmea-simple'

const fix = {
  sentenceId: 'GGA', latitude: 51.5, longitude: -3.25, fixType: 'rtk', satellitesInView: 12, horizontalDilution: 0.8,
  altitudeMeters: 100.567, geoidalSeperation: 48.1,
}
const sentences = [0, 200, 400, 600, 800].map(ms => encodeNmeaPacket({ ...fix, time: new Date(Date.UTC(2026, 10, 29, 12, 0, 0, ms)) }, 'GN'))
const times = sentences.map(sentence => sentence.split(',')[1])
const altitude = parseNmeaSentence(sentences[0]).altitudeMeters
const parsed = parseNmeaSentence('$GNGGA,120000.20,5130.0,N,00315.0,W,4,12,0.8,100.567,M,48.1,M,,*67')
console.log(`nmea-simple 3.3.0
guess: 120000.20, 120000.40 and so on, and the altitude of an RTK fix to a centimetre, as it reads them
seen:  written: times ${times.join(' ')}, altitude ${altitude}; read: ${parsed.time.getUTCMilliseconds()} ms, altitude ${parsed.altitudeMeters}`)
if (new Set(times).size !== 1 || times[0] !== '120000' || altitude !== 100.6 || parsed.time.getUTCMilliseconds() !== 200) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node fix.mjs
