#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two scans in one LAS file, the second stored with another scale and offset: written one after the other, or appended.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check laspy==2.7.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import laspy
import numpy as np


def scan(scale, offset, xs):
    header = laspy.LasHeader(point_format=3, version='1.2')
    header.scales, header.offsets = [scale] * 3, [offset, 0, 0]
    las = laspy.LasData(header)
    las.x, las.y, las.z = np.array(xs), np.array([5.0, 6.0]), np.array([0.0, 0.0])
    return las


first, second = scan(0.01, 0, [1.0, 2.0]), scan(0.001, 1000, [1001.0, 1002.0])
with laspy.open('written.las', 'w', header=first.header) as file:
    file.write_points(first.points)
    file.write_points(second.points)
first.write('appended.las')
with laspy.open('appended.las', 'a') as file:
    file.append_points(second.points)
written, appended = (laspy.read(name).xyz[2:, :2].round(3).tolist() for name in ('written.las', 'appended.las'))
print(f'laspy {version("laspy")}\n'
      'guess: append_points does what write_points does, or refuses: (1001, 5) and (1002, 6)\n'
      f'seen:  write_points {written}; append_points {appended}')
held = written == [[1001, 5], [1002, 6]] and appended == [[10, 50], [20, 60]]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
