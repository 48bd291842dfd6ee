#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A robot at rest, level, that looks to the magnetic north, in two filters of one package: a field that is level, and one that dips by 65
# degrees, as in Europe.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check qsp-orientation==0.1.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import math
import sys
from importlib.metadata import version

import qsp.orientation as names

UP = 0, 0, 9.81


def settled(dip):
    """Return roll, pitch and yaw of both filters after 200 s at rest, in degrees."""
    field = math.cos(math.radians(dip)), 0, -math.sin(math.radians(dip))
    first, second, error = (1, 0, 0, 0), (1, 0, 0, 0), None
    for _ in range(20000):
        first = names.madgwick_update(first, (0, 0, 0), UP, dt=.01, mag=field)
        second, error = names.mahony_update(second, (0, 0, 0), UP, dt=.01, integral_error=error, mag=field)
    return [[round(math.degrees(angle)) + 0 for angle in names.quaternion_to_euler(turn)] for turn in (first, second)]


(plain, plain_other), (seen, other) = settled(0), settled(65)
print(f'qsp-orientation {version("qsp-orientation")}\n'
      'guess: roll, pitch and yaw stay [0, 0, 0] by "madgwick_update" and by "mahony_update", whether the field dips or not\n'
      f'seen:  {plain} and {seen} by the one, {plain_other} and {other} by the other: it turns y to the field where the first one turns x, and takes the\n'
      '       whole field for it, as if it were level, so that it leans by half of the dip')
held = plain == seen == [0, 0, 0] and plain_other == [0, 0, 90] and other[2] == 90 and -36 < other[1] < -29
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
