#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A drawing with mirrored curves, whose extrusion is 0 0 -1, made a path to cut in JavaScript. By the format the centre of an ellipse is in
# the coordinates of the world, and corners of a polyline, as centres of circles and arcs, are in those of the object, which are mirrored.
# It needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ezdxf==1.4.5 numpy==2.4.6
npm install --silent --no-audit --no-fund --prefix "$work" dxf@5.3.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json

import ezdxf
from ezdxf.disassemble import to_primitives

drawing = ezdxf.new('R2010')
model, mirrored = drawing.modelspace(), {'extrusion': (0, 0, -1)}
model.add_circle((5, 0), 1, dxfattribs=mirrored)
model.add_arc((3, 0), 2, 30, 150, dxfattribs=mirrored)
model.add_ellipse((3, 1), (2, 0), .5, dxfattribs=mirrored)
model.add_lwpolyline([(0, 0), (2, 0), (2, 3)], close=True, dxfattribs=mirrored)
drawing.saveas('curves.dxf')
widths = []
for curve in to_primitives(ezdxf.readfile('curves.dxf').modelspace()):
    across = [vertex.x for vertex in curve.vertices()]
    widths.append([round(min(across), 1), round(max(across), 1)])
json.dump(widths, open('widths.json', 'w'))
PYTHON
cat > read.cjs <<'JS'
const { readFileSync } = require('node:fs')
const { Helper } = require('dxf')

const right = JSON.parse(readFileSync('widths.json'))
const { polylines } = new Helper(readFileSync('curves.dxf', 'utf8')).toPolylines()
const seen = polylines.map(({ vertices }) => [Math.min, Math.max].map(call => Number(call(...vertices.map(([x]) => x)).toFixed(1)) + 0))
const told = widths => ['circle', 'arc', 'ellipse', 'polyline'].map((name, number) => `${name} ${widths[number].join(' to ')}`).join(', ')
console.log(`dxf 5.3.1 (npm), ezdxf 1.4.5
guess: along x they reach from and to: ${told(right)}, as by ezdxf
seen:  ${told(seen)}`)
const text = JSON.stringify([right, seen])
if (text !== '[[[-6,-4],[-4.7,-1.3],[1,5],[-2,0]],[[-6,-4],[-4.7,-1.3],[-5,-1],[0,2]]]') {
  console.error('The behaviour has changed.', text)
  process.exit(1)
}
JS
node read.cjs
