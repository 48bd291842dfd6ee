#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A 16-bit depth image in big-endian byte order, as PGM and some cameras have it: OpenCV takes the bytes as they lie.
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

depth = np.frombuffer(b'\x03\xe8' * 12, '>u2').reshape(3, 4)  # 1000 mm everywhere
results = {
    'numpy': int(depth.max()),
    'cv2.add': int(cv2.add(depth, depth).max()),
    'PNG': int(cv2.imdecode(cv2.imencode('.png', depth)[1], cv2.IMREAD_UNCHANGED).max()),
    'cv2.resize of float': float(cv2.resize(depth.astype('>f4'), (8, 6)).max()),
}
versions = f'OpenCV {cv2.__version__}, NumPy {np.__version__}'
guess = 'NumPy knows the order: 1000, the sum 2000, 1000 in the PNG; or an error, as for a type that OpenCV lacks'
seen = f'{results}: no error'
held = (results['numpy'] == 1000 and results['cv2.add'] == 65535 and results['PNG'] == 0xe803
        and results['cv2.resize of float'] != 1000)
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
