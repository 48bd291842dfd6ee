#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# When a track in GPX ends, and how long it took: five points a minute apart, 300 m each, and the first two of them; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @we-gold/gpxjs@1.2.0 jsdom@26.1.0
cd "$work"
cat > track.mjs <<'JS'
import { JSDOM } from 'jsdom'

const { window } = new JSDOM()
Object.assign(globalThis, { DOMParser: window.DOMParser, window, document: window.document })
const { parseGPX } = await import('@we-gold/gpxjs')
const told = count => {
  const points = Array.from({ length: count }, (_, minute) =>
    `<trkpt lat="${48 + minute * .0027}" lon="11"><time>2026-11-30T12:0${minute}:00Z</time></trkpt>`)
  const text = `<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>${points.join('')}</trkseg></trk></gpx>`
  const { points: read, duration, distance } = parseGPX(text)[0].tracks[0]
  const clock = time => time.toISOString().slice(11, 16)
  return { last: clock(read.at(-1).time), end: clock(duration.endTime),
    seconds: duration.totalDuration, metres: Math.round(distance.total) }
}
const [five, two] = [told(5), told(2)]
console.log(`@we-gold/gpxjs 1.2.0 (npm)
guess: the ends are those of the last points, ${five.last} and ${two.last}, after 240 and 60 seconds
seen:  ${five.end} and ${two.end}, ${five.seconds} and ${two.seconds} seconds, for ${five.metres} and ${two.metres} m: the last step is left out`)
if (five.last !== '12:04' || two.last !== '12:01' || five.end !== '12:03' || two.end !== '12:00'
    || five.seconds !== 180 || two.seconds !== 0 || five.metres !== 1201 || two.metres !== 300) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node track.mjs
