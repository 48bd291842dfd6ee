#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A comment between two epochs of a RINEX file, as receivers and editors put it: the rest of the file is not read.
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
EPOCHS = 60


def read(comment):
    """Return how many of the epochs are read of a file with or without a comment after the second one."""
    header = [
        ('     3.03           OBSERVATION DATA    G', 'RINEX VERSION / TYPE'), ('rover', 'PGM / RUN BY / DATE'),
        ('rover', 'MARKER NAME'), ('', 'OBSERVER / AGENCY'), ('1 X 1', 'REC # / TYPE / VERS'), ('1 X', 'ANT # / TYPE'),
        ('  4075580.0000   931854.0000  4801568.0000', 'APPROX POSITION XYZ'),
        ('        0.0000        0.0000        0.0000', 'ANTENNA: DELTA H/E/N'), ('G    1 C1C', 'SYS / # / OBS TYPES'),
        ('  2026    11    29    12     0    0.0000000     GPS', 'TIME OF FIRST OBS'), ('', 'END OF HEADER')]
    lines = [f'{text:<60}{label}' for text, label in header]
    for second in range(EPOCHS):
        lines += [f'> 2026 11 29 12 00 {second:10.7f}  0  1', f'G05{20000000 + second:14.3f}']
        if comment and second == 1:
            lines += [f'>{"":30}4  1', f'{"the wheels slip":<60}COMMENT']  # epoch flag 4: one line of header follows
    with open('rover.rnx', 'w') as file:
        file.write('\n'.join(lines) + '\n')
    return georinex.load('rover.rnx').sizes['time']


plain, commented = read(False), read(True)
print(f'georinex {version("georinex")}\n'
      f'guess: a comment after the second of {EPOCHS} epochs is passed over\n'
      f'seen:  {plain} epochs without it, {commented} with it, and no word')
sys.exit(0 if (plain, commented) == (EPOCHS, 2) else 'The behaviour has changed.')
PYTHON
