#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A box marker as a viewer draws it, a unit cube turned and scaled by its three edges; it needs Node.js. Taken apart again, the
# matrix's scale is right and its rotation is not: what is picked up in the viewer and sent back to a robot is turned.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" gl-matrix@3.4.4 three@0.187.0
cd "$work"
cat > marker.mjs <<'JS'
import { mat4, quat, vec3 } from 'gl-matrix'
import { Matrix4, Quaternion, Vector3 } from 'three'

const turn = quat.fromEuler(quat.create(), 10, 20, 30)
const degreesOff = found => {
  const unit = quat.normalize(quat.create(), found)
  return Math.round(360 / Math.PI * Math.acos(Math.min(1, Math.abs(quat.dot(unit, turn)))))
}
const apart = edges => {
  const matrix = mat4.fromRotationTranslationScale(mat4.create(), turn, [1, 2, 3], edges)
  const found = mat4.getRotation(quat.create(), matrix)
  const other = new Quaternion()
  new Matrix4().fromArray(matrix).decompose(new Vector3(), other, new Vector3())
  return { scale: [...mat4.getScaling(vec3.create(), matrix)].map(edge => +edge.toFixed(3)), off: degreesOff(found),
    length: +quat.length(found).toFixed(2), three: degreesOff(other.toArray()) }
}
const [cube, box] = [apart([2, 2, 2]), apart([4, 1, 0.2])]
console.log(`gl-matrix 3.4.4, three 0.187.0
guess: the rotation that the matrix was made of, 0 degrees off, as in three
seen:  of a cube of 2 m ${JSON.stringify(cube)}; of a box of 4 by 1 by 0.2 m ${JSON.stringify(box)}`)
const held = cube.off === 0 && cube.three === 0 && `${box.scale}` === '4,1,0.2' && box.three === 0 && box.off > 20
if (!held) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node marker.mjs
