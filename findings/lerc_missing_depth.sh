#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A missing depth through LERC without loss: it comes back as 0 m, and infinity as infinity.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 imagecodecs==2026.3.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import imagecodecs
import numpy as np

depth = np.random.default_rng(0).uniform(1, 9, (32, 40)).astype('f4')
depth[3, 4], depth[5, 6] = np.nan, np.inf
back = {name: getattr(imagecodecs, f'{name}_decode')(getattr(imagecodecs, f'{name}_encode')(depth))
        for name in ('lerc', 'zfp', 'jpegxl')}
finite = np.isfinite(depth)
same = {name: bool((image[finite] == depth[finite]).all()) for name, image in back.items()}
holes = {name: [float(image[3, 4]), float(image[5, 6])] for name, image in back.items()}
versions = f'imagecodecs {imagecodecs.__version__}'
guess = 'each is lossless by default, so that NaN and infinity come back, or are refused'
seen = f'all finite values the same: {same}; NaN and infinity come back as {holes}'
held = (all(same.values()) and holes['lerc'] == [0, np.inf]
        and all(np.isnan(holes[name][0]) and holes[name][1] == np.inf for name in ('zfp', 'jpegxl')))
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
