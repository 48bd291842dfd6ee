#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Images turned or cropped by NumPy, saved as safetensors: what comes back has the shape, not the values.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 safetensors==0.8.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import safetensors
from safetensors.numpy import load, save

image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
views = {'whole': image, 'turned': image.transpose(1, 0, 2), 'cropped': image[:, :2],
         'every second column': image[:, ::2]}
same = {}
for name, view in views.items():
    back = load(save({'image': view}))['image']
    assert back.shape == view.shape and back.dtype == view.dtype
    same[name] = bool(np.array_equal(back, view))
versions = f'safetensors {safetensors.__version__}, NumPy {np.__version__}'
guess = 'a view is saved as what it shows, or refused as safetensors.torch refuses it'
seen = f'right shape and type, no word; equal values: {same}'
held = same.pop('whole') and not any(same.values())
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
