#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Depth in a PNG of 16 bits, grey, cut by one package and written as PNG and TIFF, or handed out as numbers of 16 bits; it needs Node.js.
# The metadata that it reads from the file says 16 bits.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" sharp@0.35.5
cd "$work"
cat > crop.mjs <<'JS'
import sharp from 'sharp'
import zlib from 'zlib'

const DEPTH = [500, 1000, 2500, 30000]
const CRC = Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? value >>> 1 ^ 0xEDB88320 : value >>> 1
  return value >>> 0
})
const chunk = (name, data) => {
  const body = Buffer.concat([Buffer.from(name), data])
  const length = Buffer.alloc(4), sum = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(~body.reduce((crc, byte) => crc >>> 8 ^ CRC[(crc ^ byte) & 255], ~0) >>> 0)
  return Buffer.concat([length, body, sum])
}
const header = Buffer.from([0, 0, 0, DEPTH.length, 0, 0, 0, 1, 16, 0, 0, 0, 0])
const row = Buffer.from([0, ...DEPTH.flatMap(value => [value >> 8, value & 255])])
const png = Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', header), chunk('IDAT', zlib.deflateSync(row)),
  chunk('IEND', Buffer.alloc(0))])

const { depth } = await sharp(png).metadata()
const numbers = async image => {
  const { data, info } = await image.raw({ depth: 'ushort' }).toBuffer({ resolveWithObject: true })
  return [...new Uint16Array(data.buffer, data.byteOffset, data.length / 2)].filter((_, index) => index % info.channels === 0)
}
const cut = () => sharp(png).extract({ left: 0, top: 0, width: 3, height: 1 })
const [small, tiff] = [await cut().png().toBuffer(), await cut().tiff().toBuffer()]
const depths = [(await sharp(small).metadata()).depth, (await sharp(tiff).metadata()).depth]
const plain = await numbers(cut()), asked = await numbers(cut().toColourspace('grey16'))
const kept = await sharp(await cut().toColourspace('grey16').png().toBuffer()).metadata()
console.log(`sharp 0.35.5
guess: ${DEPTH.slice(0, 3)} of ${depth}, also in the PNG cut from it, or a word
seen:  PNG and TIFF of ${depths}, numbers of 16 bits ${plain}; with toColourspace('grey16') ${kept.depth} and ${asked}`)
if (depth !== 'ushort' || `${depths}` !== 'uchar,uchar' || Math.max(...plain) > 255 || `${asked}` !== `${DEPTH.slice(0, 3)}`
    || kept.depth !== 'ushort') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node crop.mjs
