#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A filter of Zarr's store over float depth: what is read is not what was written, and after a NaN nothing is.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 numcodecs==0.16.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import numcodecs
import numpy as np

depth = np.random.default_rng(0).uniform(.5, 5, 1000).astype('f4')
delta = numcodecs.Delta('f4')
same = np.mean(delta.decode(delta.encode(depth)) == depth)
depth[500] = np.nan
missing = int(np.isnan(delta.decode(delta.encode(depth))).sum())
versions = f'numcodecs {numcodecs.__version__}'
guess = 'a filter before a lossless compressor gives back every bit; a NaN is one NaN'
seen = f'{same:.0%} of the values come back as they were; with one NaN among 1000, {missing} are NaN'
held = same < .5 and missing == 500
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
