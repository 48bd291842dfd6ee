#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Roll, pitch and yaw of a URDF's origin, and the three angles of its floating joint; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" urdf-loader@0.13.1 three@0.187.0 jsdom@29.1.1
cd "$work"
cat > robot.mjs <<'JS'
import { JSDOM } from 'jsdom'

const { window } = new JSDOM('')
Object.assign(globalThis, { DOMParser: window.DOMParser, Document: window.Document, Element: window.Element })
const { default: URDFLoader } = await import('urdf-loader')
const { Vector3 } = await import('three')
const ANGLES = [0.3, 0.2, 1.5707963]
const nose = (type, rpy, ...values) => {
  const robot = new URDFLoader().parse(`<robot name="drone"><link name="world"/><link name="body"/>
<joint name="flight" type="${type}"><parent link="world"/><child link="body"/><origin xyz="0 0 0" rpy="${rpy}"/></joint></robot>`)
  if (values.length) robot.setJointValue('flight', ...values)
  robot.updateMatrixWorld(true)
  return new Vector3(1, 0, 0).applyMatrix4(robot.links.body.matrixWorld).toArray().map(x => +x.toFixed(3) + 0)
}
const [origin, joint] = [nose('fixed', ANGLES.join(' ')), nose('floating', '0 0 0', 0, 0, 0, ...ANGLES)]
console.log(`urdf-loader 0.13.1
guess: roll 0.3, pitch 0.2, yaw 90 degrees: the nose of the drone is to the left and down, in both
seen:  the nose by the origin's rpy ${origin}; by the values of a floating joint ${joint}`)
if (`${origin}` !== '0,0.98,-0.199' || `${joint}` !== '0,0.955,0.296') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node robot.mjs
