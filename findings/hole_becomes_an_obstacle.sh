#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One missing depth in an HDF5 data set kept to three decimals: it comes back as the scene's nearest depth.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 h5py==3.16.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import h5py
import numpy as np

depth = np.random.default_rng(0).uniform(.5, 5, (48, 64)).astype('f4')
depth[20, 30] = np.nan
with h5py.File('depth.h5', 'w') as file:
    file.create_dataset('depth', data=depth, chunks=depth.shape, scaleoffset=3)
with h5py.File('depth.h5') as file:
    back = file['depth'][:]
others, nearest = float(np.nanmax(np.abs(back - depth))), float(np.nanmin(depth))
versions = f'h5py {h5py.__version__}, HDF5 {h5py.version.hdf5_version}'
guess = 'all to a millimetre, and NaN stays NaN or is refused'
seen = f'the others within {others * 1000:.1f} mm; NaN as {back[20, 30]:.4f}, the nearest depth is {nearest:.4f}'
held = others < .001 and abs(back[20, 30] - nearest) < .001
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
