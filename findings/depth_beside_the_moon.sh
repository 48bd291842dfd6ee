#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Depth in float32 through ZFP with a tolerance of 1 mm, "the absolute error tolerance", where one pixel sees something far away.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 zfpy==1.0.1.post0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import zfpy


def error(far, dtype):
    depth = np.random.default_rng(0).uniform(1, 9, (16, 16)).astype(dtype)
    depth[5, 6] = far
    off = np.abs(zfpy.decompress_numpy(zfpy.compress_numpy(depth, tolerance=1e-3)).astype('f8') - depth)
    off[5, 6] = 0
    rows, columns = np.nonzero(off > 1e-3)
    return round(float(off.max()), 4), bool(((rows // 4 == 1) & (columns // 4 == 1)).all())


FAR = 100, 1e6, 1e8, 1e10
single, double = [error(far, 'f4') for far in FAR], [error(far, 'f8') for far in FAR]
print(f'zfpy {version("zfpy")}\n'
      f'guess: what lies 1 to 9 m away is off by 0.001 m at most, whatever its neighbour sees, as far as float32 has it\n'
      f'seen:  beside a pixel at {FAR} m off by {[off for off, _ in single]} m, in its block of 4 by 4 alone '
      f'{[block for _, block in single]}; in float64 by {[off for off, _ in double]} m')
held = (single[0][0] < 1e-3 < single[1][0] < .1 < single[2][0] < 1 < single[3][0] and all(block for _, block in single)
        and all(off < 1e-3 for off, _ in double))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
