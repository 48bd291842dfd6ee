#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Entities of a DXF in JSCAD and in ezdxf: an arc from 350 to 10 degrees, one from 10 to 100, and an ellipse about 1 1
# whose long axis points up; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ezdxf==1.4.5
npm install --silent --no-audit --no-fund --prefix "$work" @jscad/dxf-deserializer@2.3.30 @jscad/modeling@2.13.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json
import math

import ezdxf
from ezdxf import bbox

right = {}
for name in ('arc', 'short', 'ellipse'):
    drawing = ezdxf.new('R2000')
    space = drawing.modelspace()
    if name == 'ellipse':
        space.add_ellipse((1, 1), major_axis=(0, 4), ratio=.5)
    else:
        space.add_arc((5, 6), 2, *((350, 10) if name == 'arc' else (10, 100)))
    drawing.saveas(f'{name}.dxf')
    box = bbox.extents(space)
    right[name] = [[round(part, 1) + 0 for part in corner][:2] for corner in (box.extmin, box.extmax)]
with open('right.json', 'w') as file:
    json.dump(right, file)
PYTHON
cat > cut.cjs <<'JS'
const { readFileSync } = require('fs')
const { deserialize } = require('@jscad/dxf-deserializer')
const { measureBoundingBox } = require('@jscad/modeling').measurements

const right = JSON.parse(readFileSync('right.json'))
const seen = {}
for (const name of Object.keys(right)) {
  const [shape] = [deserialize({ output: 'geometry' }, readFileSync(`${name}.dxf`, 'utf8'))].flat()
  seen[name] = measureBoundingBox(shape).map(corner => corner.slice(0, 2).map(part => Math.round(part * 10) / 10 + 0))
}
console.log(`@jscad/dxf-deserializer 2.3.30 (npm)
guess: corners of what is drawn are those of ezdxf, an arc from 350 to 10 degrees, one from 10 to 100 and an ellipse
       about 1 1: ${JSON.stringify(right)}
seen:  ${JSON.stringify(seen)}: an arc past 0 degrees is not a number,
       and the ellipse is about -1 1, as its centre is turned with it`)
const { arc, short, ellipse } = seen
if (!arc.flat().every(Number.isNaN) || String(short) !== '4.7,6.3,7,8' || String(ellipse) !== '-3,-3,1,5' ||
    String(right.ellipse) !== '-1,-3,3,5') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node cut.cjs
