#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The gradient of a slope of 16 bits, 300 mm more with each pixel to the right, and of one of 8 bits, by image-js; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" image-js@1.7.0
cd "$work"
cat > edges.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { Image } from 'image-js'

const gradient = (bitDepth, kind, step) => {
  const slope = new Image(8, 4, { data: new kind(32).map((_, index) => index % 8 * step), colorModel: 'GREY', bitDepth })
  return slope.gradientFilter({ kernelX: [[-.5, 0, .5]], kernelY: [[-.5], [0], [.5]] })
}
const [coarse, fine] = [gradient(8, Uint8Array, 30), gradient(16, Uint16Array, 300)]
const said = readFileSync('node_modules/image-js/lib/filters/gradientFilter.d.ts', 'utf8').includes('@default `image.bitDepth`')
const [low, high] = [coarse, fine].map(image => Array.from(image.getRawImage().data.slice(9, 15)))
console.log(`image-js 1.7.0 (npm)
guess: 30 of 8 bits, 300 of 16 bits: the bit depth of the result is by default that of the image, as its description says
seen:  ${low[0]}, and ${high[0]} of ${fine.bitDepth} bits`)
if (!said || low.some(value => value !== 30) || fine.bitDepth !== 8 || high.some(value => value !== 300 % 256)) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node edges.mjs
