#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Heights of survey points in a shapefile's fields of the types N, a number, and F, a float. Both are cut to whole metres without a
# word, while a text that is too long is warned of.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyshp==3.1.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import shapefile

HEIGHTS = 12.756, -0.6, 1e-3
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter('always')
    with shapefile.Writer('points') as writer:
        writer.field('number', 'N')
        writer.field('float', 'F')
        writer.field('asked', 'N', decimal=3)
        for height in HEIGHTS:
            writer.point(11.5, 48.1)
            writer.record(height, height, height)
with shapefile.Reader('points') as reader:
    number, floating, asked = ([row[index] for row in reader.records()] for index in range(3))
print(f'pyshp {version("pyshp")}\n'
      f'guess: {list(HEIGHTS)}, at least of the field of floats, or a warning\n'
      f'seen:  N {number}, F {floating}, N with decimal=3 {asked}; {len(warned)} warnings')
held = number == [12, 0, 0] and floating == [12, 0, 0] and asked == list(HEIGHTS) and not warned
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
