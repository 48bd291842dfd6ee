#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One NaN in the second scan of an E57: close() fails on a text that is too short, and both scans are lost.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pye57==0.4.19
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import pye57

sys.unraisablehook = lambda _: None  # what its destructor raises once more
steps = {}
for name, value in (('finite', 2.), ('NaN', np.nan)):
    file = pye57.E57('scans.e57', 'w')
    for x in (np.arange(3.), np.array([0., value, 4.])):
        file.write_scan_raw({'cartesianX': x, 'cartesianY': np.ones(3), 'cartesianZ': np.ones(3)})
    try:
        file.close()
        steps[name] = 'closed'
    except Exception as error:
        steps[name] = f'{type(error).__name__} of close(): {error}'
    del file
    try:
        steps[name] += f', {pye57.E57("scans.e57").scan_count} scans read'
    except pye57.libe57.E57Exception as error:
        steps[name] += f'; {str(error).strip().splitlines()[0]}'
versions = f'pye57 {version("pye57")}'
guess = 'the point is kept as NaN or dropped, or write_scan_raw refuses it and the first scan is there'
seen = f'{steps}'
held = steps['finite'] == 'closed, 2 scans read' and 'close()' in steps['NaN'] and 'scans read' not in steps['NaN']
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
