#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A finger that mimics another one, which has come to its limit; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" urdf-loader@0.13.1 three@0.187.0 jsdom@29.1.1
cd "$work"
cat > gripper.mjs <<'JS'
import { JSDOM } from 'jsdom'

const { window } = new JSDOM('')
Object.assign(globalThis, { DOMParser: window.DOMParser, Document: window.Document, Element: window.Element })
const { default: URDFLoader } = await import('urdf-loader')
const finger = (name, parent, child, more = '') => `<link name="${child}"/><joint name="${name}" type="revolute">
<parent link="${parent}"/><child link="${child}"/><axis xyz="0 0 1"/>${more}</joint>`
const robot = new URDFLoader().parse(`<robot name="gripper"><link name="palm"/>
${finger('left', 'palm', 'a', '<limit lower="0" upper="0.5" effort="1" velocity="1"/>')}
${finger('right', 'palm', 'b', '<limit lower="-3" upper="3" effort="1" velocity="1"/><mimic joint="left" multiplier="-1"/>')}</robot>`)
const set = angle => {
  robot.setJointValue('left', angle)
  return [robot.joints.left.angle, robot.joints.right.angle]
}
const [within, beyond] = [set(0.3), set(2)]
console.log(`urdf-loader 0.13.1
guess: where the left finger stops, at 0.5, the right one stops too, at -0.5
seen:  left and right, told 0.3: ${within}; told 2: ${beyond}`)
if (`${within}` !== '0.3,-0.3' || `${beyond}` !== '0.5,-2') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node gripper.mjs
