#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An arm moves through three places, no joint faster than 1 rad/s: it starts with up to half more.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check roboticstoolbox-python==1.5.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from roboticstoolbox import mstraj

STEP, LIMIT = .001, 1.0
places = np.array([[0, 0], [1, 0], [1, 1.0]])


def fastest(tacc):
    """Return the greatest speed between two samples of the path, over all of it and in its middle half."""
    path = mstraj(places, dt=STEP, tacc=tacc, qdmax=LIMIT)
    speeds = np.abs(np.diff(path.q, axis=0)).max(axis=1) / STEP
    quarter = len(speeds) // 8
    return round(float(speeds.max()), 2), round(float(speeds[quarter:3 * quarter].max()), 2)


seen = {tacc: fastest(tacc) for tacc in (0.0, .1, .2, .5)}
print(f'roboticstoolbox-python {version("roboticstoolbox-python")}\n'
      f'guess: with qdmax={LIMIT} no sample of the path is faster, whatever the time to accelerate\n'
      f'seen:  greatest speed, and that within the first leg, by tacc: {seen}; tacc=0 jumps')
held = seen[0.0][0] == LIMIT and all(seen[tacc][0] > 1.15 * LIMIT and seen[tacc][1] <= LIMIT for tacc in (.1, .2, .5))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
