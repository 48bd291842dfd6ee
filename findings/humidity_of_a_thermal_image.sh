#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A thermal image of FLIR made temperatures: a wall 30 m away in air of 50 % of humidity, which the file tells as 0.5, and ExifTool, with which
# flirpy reads such files if asked to, as "50.0 %".
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check flirpy==0.6.2 numpy==2.3.5
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from flirpy.util.raw import raw2temp

TOLD = {'Atmospheric Trans Alpha 1': '0.006569', 'Atmospheric Trans Alpha 2': '0.012620', 'Atmospheric Trans Beta 1': '-0.002276',
        'Atmospheric Trans Beta 2': '-0.006670', 'Atmospheric Trans X': '1.900000', 'Planck R1': '21106.77', 'Planck R2': '0.012545258',
        'Planck B': '1501', 'Planck F': '1', 'Planck O': '-7340', 'Emissivity': '0.95', 'IR Window Transmission': '1.00',
        'IR Window Temperature': '20.0 C', 'Object Distance': '30.00 m', 'Atmospheric Temperature': '20.0 C',
        'Reflected Apparent Temperature': '20.0 C'}
raw = np.array([17000., 20000])
ratio, text, percent = (np.round(raw2temp(raw, TOLD | {'Relative Humidity': told}), 1).tolist() for told in (.5, ' 50.0 %', 50.))
print(f'flirpy {version("flirpy")}\n'
      'guess: 0.5 and " 50.0 %" are one humidity, as it looks whether it is told a ratio or a percentage\n'
      f'seen:  with 0.5 it is {ratio} degrees, with " 50.0 %" {text}: up to 100 all is taken for a ratio')
held = text == percent and min(abs(one - other) for one, other in zip(ratio, text)) > 1
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
