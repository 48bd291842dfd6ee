#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A lane along a circle of 20 m, as points that are exact, by CommonRoad's function for the curvature of a polyline.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 commonroad-io==2026.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from commonroad.geometry.polyline_util import compute_polyline_curvatures


def curvatures(angles):
    return compute_polyline_curvatures(20 * np.c_[np.cos(angles), np.sin(angles)]).round(4)


even, uneven = curvatures(np.arange(0, 1.01, .1)), curvatures(np.array([0, .1, .15, .3, .35, .5, .6]))
print(f'commonroad-io {version("commonroad-io")}\n'
      f'guess: 0.05 at each point\n'
      f'seen:  every 2 m {even.tolist()}; points 1 to 3 m apart {uneven.tolist()}: as if all steps were as long')
held = (np.allclose(even[2:-2], .05, atol=5e-4) and np.allclose(even[[0, -1]], .025, atol=5e-4)
        and np.allclose(even[[1, -2]], .0375, atol=5e-4) and uneven.min() < .01 and uneven.max() > .066)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
