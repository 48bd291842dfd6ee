#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Soundings as points with z in a shapefile, and a field of dates of which one was not given, which is eight zeros; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyshp==3.1.6
npm install --silent --no-audit --no-fund --prefix "$work" shapefile@0.6.6 shpjs@6.2.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import datetime
import json

import shapefile

with shapefile.Writer('soundings', shapeType=shapefile.POINTZ) as writer:
    writer.field('taken', 'D')
    for height, day in (-12.5, datetime.date(2026, 11, 30)), (-31.25, None):
        writer.pointz(11.5, 54.1, height)
        writer.record(day)
with shapefile.Reader('soundings') as reader:
    json.dump([[shape.points[0][0], shape.points[0][1], shape.z[0]] for shape in reader.shapes()]
              + [[str(row[0]) for row in reader.records()]], open('right.json', 'w'))
PYTHON
cat > read.mjs <<'JS'
import { open } from 'shapefile'
import { parseDbf, parseShp } from 'shpjs'
import fs from 'fs'

const source = await open('soundings.shp', 'soundings.dbf')
const [first, second] = [(await source.read()).value, (await source.read()).value]
const own = [first, second].map(({ geometry }) => geometry.coordinates)
const theirs = parseShp(fs.readFileSync('soundings.shp')).map(({ coordinates }) => coordinates)
const day = date => date === null ? null : new Date(date).toISOString().slice(0, 10)
const days = [first, second].map(({ properties }) => day(properties.taken))
const others = parseDbf(fs.readFileSync('soundings.dbf')).map(({ taken }) => day(taken))
const right = JSON.parse(fs.readFileSync('right.json'))
console.log(`shapefile 0.6.6, shpjs 6.2.0 (npm)
guess: ${JSON.stringify(right)}, as pyshp reads it
seen:  shapefile ${JSON.stringify(own)} and ${days}; shpjs ${JSON.stringify(theirs)} and ${others}`)
if (JSON.stringify(own) !== '[[11.5,54.1],[11.5,54.1]]' || JSON.stringify(theirs) !== '[[11.5,54.1,-12.5],[11.5,54.1,-31.25]]'
    || `${days}` !== '2026-11-30,1899-11-30' || `${others}` !== `${days}` || `${right[2]}` !== '2026-11-30,None') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
TZ=UTC node read.mjs
