#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A RINEX file whose header says that its carrier phases are stored times ten, to keep a digit more.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check georinex==1.16.2 numpy==2.4.6 xarray==2026.9.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import georinex

warnings.simplefilter('ignore')
RANGE, PHASE = 20000001.123, 105100000.123


def read(scale):
    """Return range and phase of one satellite, read from a file whose phases are stored times `scale`."""
    header = [
        ('     3.03           OBSERVATION DATA    G', 'RINEX VERSION / TYPE'), ('rover', 'PGM / RUN BY / DATE'),
        ('rover', 'MARKER NAME'), ('', 'OBSERVER / AGENCY'), ('1 X 1', 'REC # / TYPE / VERS'), ('1 X', 'ANT # / TYPE'),
        ('  4075580.0000   931854.0000  4801568.0000', 'APPROX POSITION XYZ'),
        ('        0.0000        0.0000        0.0000', 'ANTENNA: DELTA H/E/N'), ('G    2 C1C L1C', 'SYS / # / OBS TYPES'),
        *([(f'G {scale:4}  1 L1C', 'SYS / SCALE FACTOR')] if scale > 1 else []),
        ('  2026    11    29    12     0    0.0000000     GPS', 'TIME OF FIRST OBS'), ('', 'END OF HEADER')]
    lines = [f'{text:<60}{label}' for text, label in header]
    lines += ['> 2026 11 29 12 00  0.0000000  0  1', f'G05{RANGE:14.3f}  {PHASE * scale:14.3f} 7']
    with open('rover.rnx', 'w') as file:
        file.write('\n'.join(lines) + '\n')
    epoch = georinex.load('rover.rnx')
    return epoch.C1C.item(), epoch.L1C.item()


plain, scaled = read(1), read(10)
print(f'georinex {version("georinex")}\n'
      f'guess: the factor of the header, 10, is taken out again: range {RANGE} m, phase {PHASE} cycles\n'
      f'seen:  without a factor {plain}, with it {scaled}')
held = plain == (RANGE, PHASE) and scaled[0] == RANGE and abs(scaled[1] / PHASE - 10) < 1e-6
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
