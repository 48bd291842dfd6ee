#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An occupancy grid of 0 (free), 100 (occupied) and -1 (unknown), written by zarr in both of its formats and read by xarray.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check zarr==3.1.6 xarray==2026.9.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import xarray
import zarr

GRID = np.array([[0, 100, 0], [-1, 0, -1]], 'i1')
read = {}
for layout in 2, 3:
    group = zarr.open_group(f'{layout}.zarr', mode='w', zarr_format=layout)
    array = group.create_array('grid', data=GRID, **({'dimension_names': ('y', 'x')} if layout == 3 else {}))
    if layout == 2:
        array.attrs['_ARRAY_DIMENSIONS'] = ['y', 'x']
    assert (array[:] == GRID).all()
    read[layout] = xarray.open_zarr(f'{layout}.zarr', consolidated=False)['grid'].values
print(f'zarr {version("zarr")}, xarray {version("xarray")}\n'
      f'guess: {GRID.tolist()} comes back from either format, as it does in zarr\n'
      f'seen:  {"; ".join(f"format {layout} {values.tolist()}, {values.dtype}" for layout, values in read.items())}: '
      'in the older one the value of chunks that are not stored, 0 by default, means missing')
held = (np.isnan(read[2]) == (GRID == 0)).all() and read[2].dtype.kind == 'f' and (read[3] == GRID).all() and read[3].dtype == GRID.dtype
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
