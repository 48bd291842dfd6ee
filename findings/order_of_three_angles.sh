#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Three angles with an order, by math.gl of vis.gl, made a matrix and a quaternion; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @math.gl/core@4.1.0
cd "$work"
cat > angles.mjs <<'JS'
import { Euler, Matrix4 } from '@math.gl/core'

const seen = Object.fromEntries(['ZYX', 'YXZ', 'XZY', 'ZXY', 'YZX', 'XYZ'].map(order => {
  const angles = new Euler(.1, .7, .4, Euler[order])
  const matrix = new Matrix4(angles.getRotationMatrix(new Array(16).fill(0))), other = new Matrix4().fromQuaternion(angles.toQuaternion())
  const trace = [0, 1, 2].map(row => [0, 1, 2].map(column => matrix[row + 4 * column] * other[row + 4 * column])).flat().reduce((a, b) => a + b)
  return [order, +(Math.acos(Math.min(1, (trace - 1) / 2)) * 180 / Math.PI).toFixed(1)]
}))
console.log(`@math.gl/core 4.1.0 (npm)
guess: matrix and quaternion of the same angles in the same order are one rotation
seen:  they are ${JSON.stringify(seen)} degrees apart: toQuaternion passes the order over`)
if (seen.ZYX !== 0 || Object.entries(seen).some(([order, degrees]) => order !== 'ZYX' && degrees < 2)) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node angles.mjs
