#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One missing depth under a 3x3 mean: everything to its right and below is missing too.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import scipy
from scipy import ndimage

depth = np.ones((8, 8))
depth[3, 3] = np.nan
box = ndimage.uniform_filter(depth, 3)
weights = ndimage.correlate(depth, np.full((3, 3), 1 / 9))
missing = {'uniform_filter': int(np.isnan(box).sum()), 'correlate': int(np.isnan(weights).sum())}
far = np.ones(12)
far[3] = 1e20
after = ndimage.uniform_filter1d(far, 3)[6:].tolist()
versions = f'SciPy {scipy.__version__}'
guess = 'a NaN reaches the 9 pixels whose window holds it, by either; one huge value leaves 1.0 beyond its window'
seen = f'NaN: {missing}; beyond the window of 1e20: {after}: the mean is a running sum, from left to right'
held = missing == {'uniform_filter': 36, 'correlate': 9} and after == [0.0] * 6
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
