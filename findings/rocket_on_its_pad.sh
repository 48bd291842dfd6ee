#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The heading, pitch and roll of something that points straight up or down, a rocket or a camera of a drone, taken to a
# quaternion and back by CesiumJS; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" cesium@1.140.0
cd "$work"
cat > rocket.mjs <<'JS'
import { HeadingPitchRoll, Math as Angles, Matrix4, Quaternion, Transforms, VERSION, Cartesian3 } from 'cesium'

const degrees = ({ heading, pitch, roll }) => [heading, pitch, roll].map(angle => Number(Angles.toDegrees(angle).toFixed(1)))
function apart(a, b) {
  return Number(Angles.toDegrees(2 * Math.acos(Math.min(1, Math.abs(Quaternion.dot(a, b))))).toFixed(1))
}
const pad = Cartesian3.fromDegrees(8, 47, 500)
const seen = [[20, 89.9, 10], [20, 90, 10], [20, -89.9, 10], [20, -90, 10], [120, -90, 0]].map(angles => {
  const turn = Quaternion.fromHeadingPitchRoll(HeadingPitchRoll.fromDegrees(...angles))
  const back = HeadingPitchRoll.fromQuaternion(turn)
  const world = Transforms.headingPitchRollQuaternion(pad, HeadingPitchRoll.fromDegrees(...angles))
  const frame = Matrix4.fromTranslationQuaternionRotationScale(pad, world, new Cartesian3(1, 1, 1))
  const again = Transforms.headingPitchRollQuaternion(pad, Transforms.fixedFrameToHeadingPitchRoll(frame))
  return { angles, told: degrees(back), off: apart(turn, Quaternion.fromHeadingPitchRoll(back)), onEarth: apart(world, again) }
})
console.log(`CesiumJS ${VERSION}
guess: angles come back as another set of the same turn, as heading and roll are about one axis: 0° off`)
for (const { angles, told, off, onEarth } of seen) {
  console.log(`seen:  ${angles} comes back as ${told}, ${off}° off; by way of a place on the Earth ${onEarth}`)
}
const held = [0, 2].every(one => seen[one].off < .1) && seen[1].off > 3 && seen[3].off > 15 && seen[4].off > 15
if (!held) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node rocket.mjs
