#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Depth as floats from 0 to 1, converted by FFmpeg to 16 bits: near is nothing, and the middle too far.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import av
import numpy as np

MILLIMETRES = 500, 2500, 10000, 30000, 60000


def frame(value, kind, name):
    return av.VideoFrame.from_ndarray(np.full((16, 32), value, kind), format=name)


def value(picture, name):
    return picture.reformat(format=name).to_ndarray()[0, 0]


floats = {depth: value(frame(depth, np.uint16, 'gray16le'), 'grayf32le') for depth in MILLIMETRES}
back = {depth: int(value(frame(floats[depth], np.float32, 'grayf32le'), 'gray16le')) for depth in MILLIMETRES}
eight = {depth: int(value(frame(floats[depth], np.float32, 'grayf32le'), 'gray')) for depth in MILLIMETRES}
exact = all(abs(floats[depth] * 65535 - depth) < .01 for depth in MILLIMETRES)
print(f'PyAV {version("av")}, libswscale {".".join(map(str, av.library_versions["libswscale"]))}\n'
      'guess: from gray16le to grayf32le and back is the same depth, to a millimetre or two\n'
      f'seen:  to floats it is exact: {exact}; back to 16 bits {back}; to 8 bits {eight}, which is right')
held = (exact and back[500] == back[2500] == 0 and back[10000] < 9000 and back[60000] > 64000
        and all(abs(eight[depth] - depth / 257) <= 1 for depth in MILLIMETRES))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
