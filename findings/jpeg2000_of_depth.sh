#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Depth as JPEG 2000 by OpenCV: exact for a smooth picture, and for one with holes only if the default is given.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 opencv-python-headless==4.14.0.94
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np

smooth = (np.add.outer(7 * np.arange(240), 11 * np.arange(320)) + 500).astype(np.uint16)  # a slope, in millimetres
holes = smooth.copy()
holes[np.random.default_rng(0).random(holes.shape) < .1] = 0
results = {}
for name, depth in (('smooth', smooth), ('a tenth missing', holes)):
    for given, parameters in (('no parameter', []), ('1000', [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000])):
        back = cv2.imdecode(cv2.imencode('.jp2', depth, parameters)[1], cv2.IMREAD_UNCHANGED)
        results[f'{name}, {given}'] = int(np.abs(back.astype(int) - depth).max())
versions = f'OpenCV {cv2.__version__}'
guess = 'the documentation has 1000, a rate of 1, as the default: the same without a parameter, and exact'
seen = f'greatest error in millimetres: {results}'
held = results.pop('a tenth missing, no parameter') > 100 and not any(results.values())
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
