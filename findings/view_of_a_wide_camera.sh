#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One camera in COLLADA, 90 degrees wide for 4 by 3, told in the three ways that the format has: by its height and the aspect ratio, by its
# width and the aspect ratio, and by width and height. It needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" three@0.187.0 jsdom@26.1.0
cd "$work"
cat > cameras.mjs <<'JS'
import { JSDOM } from 'jsdom'
import { ColladaLoader } from 'three/addons/loaders/ColladaLoader.js'

Object.assign(globalThis, { DOMParser: new JSDOM().window.DOMParser })
const HEIGHT = 73.739795  // of 90 degrees of width, as 3 is to 4
const file = told => `<?xml version="1.0"?>
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
  <asset><unit name="metre" meter="1"/><up_axis>Y_UP</up_axis></asset>
  <library_cameras><camera id="camera"><optics><technique_common><perspective>${told}<znear>0.1</znear><zfar>100</zfar></perspective>
    </technique_common></optics></camera></library_cameras>
  <library_visual_scenes><visual_scene id="scene"><node id="node"><instance_camera url="#camera"/></node></visual_scene></library_visual_scenes>
  <scene><instance_visual_scene url="#scene"/></scene>
</COLLADA>`
const view = told => {
  let found
  new ColladaLoader().parse(file(told), '').scene.traverse(part => { if (part.isCamera) found = part })
  const up = Math.tan(found.fov * Math.PI / 360)
  return [2 * Math.atan(up * found.aspect) * 180 / Math.PI, found.fov].map(angle => Number(angle.toFixed(1)))
}
const seen = [`<yfov>${HEIGHT}</yfov><aspect_ratio>1.3333333</aspect_ratio>`, '<xfov>90</xfov><aspect_ratio>1.3333333</aspect_ratio>',
  `<xfov>90</xfov><yfov>${HEIGHT}</yfov>`].map(view)
const [height, width, both] = seen.map(view => view.join(' by '))
console.log(`three 0.187.0 (npm)
guess: 90 by 73.7 degrees each time
seen:  by its height ${height}, by its width ${width}, which is passed over, and by both ${both}`)
if (JSON.stringify(seen) !== '[[90,73.7],[63.7,50],[73.7,73.7]]') {
  console.error('The behaviour has changed.', JSON.stringify(seen))
  process.exit(1)
}
JS
node cameras.mjs
