#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A URDF whose numbers stand in columns, two spaces apart, as an editor aligns them; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" roslib@2.1.0 @xmldom/xmldom@0.9.12
cd "$work"
cat > robot.mjs <<'JS'
import { DOMParser } from '@xmldom/xmldom'
import { UrdfModel } from 'roslib'

globalThis.DOMParser = DOMParser
const robot = gap => new UrdfModel({ string: `<robot name="r"><link name="base"/>
<link name="lidar"><visual><origin xyz="0 0${gap}0.1" rpy="0 0 0"/><geometry><box size="0.3 0.2${gap}0.1"/></geometry></visual></link>
<joint name="mast" type="fixed"><parent link="base"/><child link="lidar"/>
<origin xyz="1.2 0${gap}1.9" rpy="0 0${gap}1.5707963"/></joint></robot>` })
const place = gap => {
  const { joints: { mast: { origin } }, links: { lidar } } = robot(gap)
  const { position: { x, y, z }, orientation } = origin
  return { xyz: [x, y, z], yaw: Math.round(360 / Math.PI * Math.atan2(orientation.z, orientation.w)), box: lidar.visuals[0].geometry.dimension }
}
const [one, two] = [place(' '), place('  ')]
console.log(`roslib 2.1.0
guess: any white space parts two numbers: the lidar stands at 1.2 0 1.9, turned by 90 degrees, either way
seen:  with one space ${JSON.stringify(one)}; with two ${JSON.stringify(two)}`)
const held = `${one.xyz}` === '1.2,0,1.9' && one.yaw === 90 && `${two.xyz}` === '0,0,0' && two.yaw !== 90
if (!held) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node robot.mjs
