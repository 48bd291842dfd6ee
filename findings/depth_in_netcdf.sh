#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Depth packed in 16 bits, in millimetres, and an image of 8 bits, in NetCDF. What is farther than 32.767 m comes back as a distance
# behind the camera, a hole as 0 m, and each white pixel as missing: a mean of the image leaves them out.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check netCDF4==1.7.5.1.post1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import netCDF4
import numpy as np

DEPTH = np.array([0.5, 32.0, 40.0, 70.0, np.nan])
IMAGE = np.array([0, 100, 254, 255, 255], np.uint8)
with netCDF4.Dataset('frame.nc', 'w') as file:
    file.createDimension('pixel', len(DEPTH))
    depth = file.createVariable('depth', 'i2', 'pixel')
    depth.scale_factor = 0.001
    image = file.createVariable('image', 'u1', 'pixel')
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter('always')
        depth[:4] = DEPTH[:4]
        image[:] = IMAGE
        silent = not warned
        depth[4:] = DEPTH[4:]
with netCDF4.Dataset('frame.nc') as file:
    read, picture = file['depth'][:], file['image'][:]
print(f'netCDF4 {version("netCDF4")}\n'
      f'guess: {DEPTH.tolist()}, what does not fit missing or refused, and {IMAGE.tolist()}, mean {IMAGE.mean():.0f}\n'
      f'seen:  depth {np.round(read.astype(float), 3).tolist()}, image {picture.tolist()}, mean {picture.mean():.0f}; '
      f'{"no warning" if silent else "a warning"} but of the NaN: {len(warned)}')
held = (np.allclose(read.astype(float), [0.5, 32, 40 - 65.536, 70 - 65.536, 0]) and not np.ma.is_masked(read)
        and picture.mask.tolist() == [False, False, False, True, True] and silent)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
