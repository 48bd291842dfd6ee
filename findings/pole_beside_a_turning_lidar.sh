#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Three packets of a Velodyne VLP-16 at 20 turns a second. The azimuth of a block is that of its first laser; the others follow within
# 108 microseconds, in which the head turns by 0.78 degrees. It needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check velodyne-decoder==3.1.0 numpy==2.4.6
npm install --silent --no-audit --no-fund --prefix "$work" @foxglove/velodyne-cloud@1.0.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json
import struct

import numpy as np
import velodyne_decoder as names


def packet(azimuth, stamp):
    blocks = [struct.pack('<HH', 0xEEFF, azimuth + 80 * block) + struct.pack('<HB', 10000, 100) * 32 for block in range(12)]
    return b''.join(blocks) + struct.pack('<IBB', stamp, 0x37, 0x22)


packets = [packet(9000 + 960 * number, 600_000_000 + 1327 * number) for number in range(3)]
open('packets', 'wb').write(b''.join(packets))
decoder = names.ScanDecoder(names.Config(model=names.Model.VLP16))
_, points = decoder.decode(names.PacketVector([names.VelodynePacket(1000 + .001327 * number, list(data)) for number, data in enumerate(packets)]),
                           True)
angle = np.degrees(np.arctan2(-points['y'], points['x']))
first, second = (angle[(points['column'] == column) & (points['ring'] == 15)][0] for column in (0, 1))
json.dump({'azimuths': [round(float(first), 2), round(float(second), 2)], 'last': round(float(points['time'].max()) * 1e3, 2)},
          open('decoded.json', 'w'))
PYTHON
cat > read.cjs <<'JS'
const { readFileSync } = require('node:fs')
const { Calibration, PointCloud, RawPacket, Transformer } = require('@foxglove/velodyne-cloud')

const data = readFileSync('packets')
const decoded = JSON.parse(readFileSync('decoded.json'))
const packets = [0, 1, 2].map(number => new RawPacket(new Uint8Array(data.subarray(1206 * number, 1206 * (number + 1)))))
const hour = new Date('2026-11-30T12:00:00Z')
const stamp = packets[0].timestamp(hour)
const cloud = new PointCloud({ stamp, maxPoints: 3 * RawPacket.MAX_POINTS_PER_PACKET })
const transformer = new Transformer(new Calibration(packets[0].inferModel()))
for (const packet of packets) transformer.unpack(packet, stamp, packet.timestamp(hour), cloud)
const view = new DataView(cloud.data.buffer, cloud.data.byteOffset)
const azimuth = point => Math.round(100 * Math.atan2(-view.getFloat32(28 * point + 4, true), view.getFloat32(28 * point, true)) * 180 / Math.PI) / 100
const azimuths = [azimuth(15), azimuth(31)]
const off = (20 * Math.sin((decoded.azimuths[1] - azimuths[1]) * Math.PI / 180)).toFixed(2)
const between = packets[1].timestamp(hour) - stamp
console.log(`@foxglove/velodyne-cloud 1.0.1 (npm), velodyne-decoder 3.1.0
guess: the last laser of the two firings of a block is where the head looks then, ${decoded.azimuths} degrees, as by velodyne-decoder, and
       from a packet to the next it takes 1.327 ms
seen:  ${azimuths}, off by ${off} m at 20 m: the azimuth is put right, and not used; from a packet to the next it takes ${between} s, and
       the stamp, ten minutes after noon, is ${(stamp - hour / 1000).toExponential()} s after noon: microseconds are divided by 1e-6`)
if (azimuths.join() !== '90,90' || decoded.azimuths.join() !== '90.25,90.65' || between !== 1327e6) {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node read.cjs
