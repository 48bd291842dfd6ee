#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A slope of 16 bits, 1 m more with each pixel to the right, halved and doubled by image-js; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" image-js@1.7.0
cd "$work"
cat > slope.mjs <<'JS'
import { Image } from 'image-js'

const slope = new Image(8, 8, { data: new Uint16Array(64).map((_, index) => index % 8 * 1000), colorModel: 'GREY', bitDepth: 16 })
const row = width => Array.from(slope.resize({ width, height: width, interpolationType: 'bilinear' }).getRawImage().data.slice(0, width))
const [half, twice, same] = [row(4), row(16), row(8)]
console.log(`image-js 1.7.0 (npm)
guess: halved, each pixel is the middle of the two that it stands for, [500,2500,4500,6500]; doubled they go from 0 over 250 and 750 to 7000
seen:  ${JSON.stringify(half)}, a pixel to the right; ${JSON.stringify(twice)}; as large as it was ${JSON.stringify(same)}`)
if (JSON.stringify(half) !== '[0,1500,3500,5500]' || twice.slice(0, 4).join() !== '0,0,500,1000' || twice.at(-1) !== 7000 || same[1] !== 500) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node slope.mjs
