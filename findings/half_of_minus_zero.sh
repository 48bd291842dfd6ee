#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The angles at which a drone's four sensors saw a base station, as the drone sends them: the first one whole and the others
# as differences to it in floats of 16 bits, by the drone maker's library and by NumPy.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check cflib==0.1.34 numpy==2.2.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import struct
import sys
from importlib.metadata import version

import numpy as np
from cflib.crazyflie.localization import Localization
from cflib.utils.encoding import fp16_to_float

ANGLE, STEPS = .25, [.01, 0., -1e-8]
right, seen = [], []
halves = [np.float16(step) for step in STEPS]
for half in [*halves, np.float16(np.inf)]:
    right.append(float(half))
    seen.append(fp16_to_float(int(half.view(np.uint16))))
bits = struct.pack('<Bf3ef3e', 0, ANGLE, *STEPS, ANGLE, *STEPS)
angles = [round(float(angle), 3) for angle in Localization._decode_lh_angle(None, bits)['x']]
told = [round(ANGLE - step, 3) for step in (0, *right[:3])]
print(f'cflib {version("cflib")}, NumPy {np.__version__}\n'
      f'guess: halves of {[str(half) for half in halves]} and infinity are {right}, as by NumPy, and the angles {told}\n'
      f'seen:  {seen}, and the angles {angles}: of minus zero and of infinity\n'
      f'       the bits are told as a number')
held = right[2] == 0 and angles[:3] == told[:3] and angles[3] < -2e9 and abs(seen[0] - right[0]) < 1e-6 and seen[1] == 0 and seen[2:] == [2 ** 31, 0x7f800000]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
