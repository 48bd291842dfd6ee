#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A track in GPX of which one point has no time, as the format allows, and one in KML of which one place is missing, which is written as an
# empty gx:coord: read by togeojson; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @tmcw/togeojson@7.1.3 jsdom@26.1.0
cd "$work"
cat > track.mjs <<'JS'
import { gpx, kml } from '@tmcw/togeojson'
import { JSDOM } from 'jsdom'

const read = (parse, text) => {
  const { geometry, properties } = parse(new (new JSDOM().window.DOMParser)().parseFromString(text, 'text/xml')).features[0]
  return [geometry.coordinates, properties.coordinateProperties.times.map(time => time.slice(17, 19))]
}
const point = (latitude, second) => `<trkpt lat="${latitude}" lon="11">${second ? `<time>2026-11-30T12:00:${second}Z</time>` : ''}</trkpt>`
const track = points => read(gpx, `<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>${points.join('')}</trkseg></trk></gpx>`)
const whole = track([point(48, '10'), point(48.1, '11'), point(48.2, '12')])
const one = track([point(48, '10'), point(48.1), point(48.2, '12')])
const when = ['10', '11', '12'].map(second => `<when>2026-11-30T12:00:${second}Z</when>`).join('')
const [places] = read(kml, `<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Placemark><gx:Track>${when}
<gx:coord>11 48 0</gx:coord><gx:coord/><gx:coord>11 48.2 0</gx:coord></gx:Track></Placemark></kml>`)
console.log(`@tmcw/togeojson 7.1.3 (npm)
guess: each place has its time, as in ${JSON.stringify(whole)}, or none; a place that is missing is left out, with its time
seen:  ${JSON.stringify(one)}: the second place has the third one's time; ${JSON.stringify(places)}, which is no GeoJSON`)
if (JSON.stringify(whole) !== '[[[11,48],[11,48.1],[11,48.2]],["10","11","12"]]'
    || JSON.stringify(one) !== '[[[11,48],[11,48.1],[11,48.2]],["10","12"]]'
    || JSON.stringify(places) !== '[[11,48,0],[null],[11,48.2,0]]') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node track.mjs
