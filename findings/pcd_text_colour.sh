#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A coloured cloud as PCD text: every point is black.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pypcd4==1.5.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pypcd4 import Encoding, PointCloud

rng = np.random.default_rng(0)
points = rng.normal(size=(500, 3)).astype(np.float32)
colours = rng.integers(1, 256, (500, 3)).astype(np.uint8)
cloud = PointCloud.from_xyzrgb_points(np.c_[points, PointCloud.encode_rgb(colours)])
lost, largest = {}, {}
for encoding in (Encoding.BINARY, Encoding.ASCII):
    cloud.save(Path('cloud.pcd'), encoding=encoding)
    back = PointCloud.from_path('cloud.pcd')
    read = PointCloud.decode_rgb(back.pc_data['rgb'])
    lost[encoding.name] = int((read != colours).any(axis=1).sum())
    largest[encoding.name] = int(read.max())
    assert np.abs(back.numpy(('x', 'y', 'z')) - points).max() < 1e-6
versions = f'pypcd4 {version("pypcd4")}'
guess = 'text and binary hold the same cloud: 0 of 500 colours lost'
seen = (f'colours lost: {lost}, largest value read: {largest}: the colour is bits in a float of some 1e-38, and text '
        'has ten decimals')
held = lost == {'BINARY': 0, 'ASCII': 500} and largest['ASCII'] == 0
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
