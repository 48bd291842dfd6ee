#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A track in GPX of three steps of a second each: 10 m that climb by 1 m, 100 m that climb by 1 m, and 10 m that climb by 5 m; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" gpxparser@3.0.8 @we-gold/gpxjs@1.2.0 jsdom@26.1.0
cd "$work"
cat > track.mjs <<'JS'
import { JSDOM } from 'jsdom'

const { window } = new JSDOM()
Object.assign(globalThis, { DOMParser: window.DOMParser, window, document: window.document })
const { default: GpxParser } = await import('gpxparser')
const { parseGPX } = await import('@we-gold/gpxjs')
const metre = 180 / Math.PI / 6371000
const points = [[0, 100], [10, 101], [110, 102], [120, 107]].map(([way, height], index) =>
  `<trkpt lat="${way * metre}" lon="11"><ele>${height}</ele><time>2026-11-30T12:00:0${index}Z</time></trkpt>`)
const text = `<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>${points.join('')}</trkseg></trk></gpx>`
const parser = new GpxParser()
parser.parse(text)
const rounded = slopes => slopes.map(slope => Number.isFinite(slope) ? Math.round(slope) : String(slope))
const [own, other] = [rounded(parser.tracks[0].slopes), rounded(parseGPX(text)[0].tracks[0].slopes)]
console.log(`gpxparser 3.0.8, @we-gold/gpxjs 1.2.0 (npm)
guess: slopes of 10, 1 and 50 %, as by gpxjs: ${JSON.stringify(other)}
seen:  ${JSON.stringify(own)}: a climb is divided by the length of the step after its own`)
if (JSON.stringify(own) !== '[1,10,"Infinity"]' || JSON.stringify(other) !== '[10,1,50]') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node track.mjs
