#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The subtitles that a drone of DJI writes beside its video, one a second for twenty seconds, in which it goes 11.1 m a second to the north and
# climbs by 2; smoothing is put off. It needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" dji_srt_parser@1.2.4
cd "$work"
cat > read.cjs <<'JS'
const parse = require('dji_srt_parser')

const two = number => String(number).padStart(2, '0')
const subtitles = Array.from({ length: 20 }, (_, second) => `${second + 1}
00:00:${two(second)},000 --> 00:00:${two(second + 1)},000
<font size="28">SrtCnt : ${second + 1}, DiffTime : 1000ms
2026-11-30 12:00:${two(second)}.250
[iso : 110] [shutter : 1/200.0] [fnum : 280] [ev : 0] [ct : 5064] [color_md : default] [focal_len : 240] \
[latitude: ${(48 + second * 1e-4).toFixed(6)}] [longitude: 11.500000] [rel_alt: ${2 * second}.000 abs_alt: ${500 + 2 * second}.000] </font>
`).join('\n')
const flight = parse(subtitles, 'flight.srt')
flight.setSmoothing(0)
const { packets, stats } = flight.metadata()
const { SPEED: speed, REL_ALT: height } = packets[10]
const [ahead, up] = [speed.TWOD, speed.VERTICAL].map(value => +value.toFixed(1))
console.log(`dji_srt_parser 1.2.4 (npm)
guess: ten seconds on it is 20 m high, goes 40 km/h ahead and 7.2 up; the flight takes 20000 ms, or 19000
seen:  ${height} m, ${ahead} and ${up} km/h; ${stats.DURATION} ms: the last step alone`)
if (height !== 20 || ahead !== 40.1 || up !== 0 || stats.DURATION !== 1000 || packets.length !== 20) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node read.cjs
