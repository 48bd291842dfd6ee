#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A volume of 16 bits in NRRD, in both orders of bytes, as pynrrd writes it, read by the NRRDLoader of three.js; it needs Node.js.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pynrrd==1.1.3 numpy==2.4.6
npm install --silent --no-audit --no-fund --prefix "$work" three@0.187.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import nrrd
import numpy as np

volume = np.arange(-5, 19, dtype='i2').reshape(2, 3, 4)
for name, kind in (('little', '<i2'), ('big', '>i2')):
    nrrd.write(f'{name}.nrrd', volume.astype(kind), {'encoding': 'raw', 'endian': name})
    assert f'endian: {name}'.encode() in open(f'{name}.nrrd', 'rb').read()
    assert (nrrd.read(f'{name}.nrrd')[0] == volume).all()
PYTHON
cat > volume.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { NRRDLoader } from 'three/addons/loaders/NRRDLoader.js'

const read = name => {
  const { buffer, byteOffset, length } = readFileSync(name)
  return Array.from(new NRRDLoader().parse(buffer.slice(byteOffset, byteOffset + length)).data.slice(0, 4))
}
const seen = JSON.stringify([read('little.nrrd'), read('big.nrrd')])
console.log(`three 0.187.0 (npm)
guess: [[-5,7,-1,11],[-5,7,-1,11]]: "endian: big" in the header is heeded, as by pynrrd
seen:  ${seen}`)
if (seen !== '[[-5,7,-1,11],[-1025,1792,-1,2816]]') {
  console.error('The behaviour has changed.')
  process.exit(1)
}
JS
node volume.mjs
