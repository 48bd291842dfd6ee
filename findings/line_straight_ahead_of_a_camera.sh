#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Which part of a line, 2 m before a level camera of 640 by 480 pixels and 70 by 55°, is in view by PhotonVision's simulation.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check photonlibpy==2026.3.4 opencv-python==4.14.0.94 numpy==2.3.5
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from photonlibpy.estimation import RotTrlTransform3d
from photonlibpy.simulation import SimCameraProperties
from wpimath.geometry import Pose3d, Translation3d

MATRIX = np.array([[457., 0, 319.5], [0, 457, 239.5], [0, 0, 1]])
camera = SimCameraProperties()
camera.setCalibrationFromIntrinsics(640, 480, MATRIX, np.zeros((8, 1)))
here = RotTrlTransform3d.makeRelativeTo(Pose3d())
LINES = {'a hand long, straight ahead': ((2, -.1, 0), (2, .1, 0)),
         'a hand long, a little to the left and up': ((2, .3, .2), (2, .5, .2)),
         'from 10 m to the right to 10 m to the left': ((2, -10, 0), (2, 10, 0)),
         'a hand long, 5 m to the left': ((2, 5, -.1), (2, 5, .1))}


def pixels(a, b):
    """Return the parts of a line, in hundredths, whose points have a pixel within the picture."""
    part = np.linspace(0, 1, 1001)[:, None]
    x, y, z = (np.array(a) + part * np.subtract(b, a)).T
    u, v = MATRIX[0, 2] - MATRIX[0, 0] * y / x, MATRIX[1, 2] - MATRIX[1, 1] * z / x
    inside = part[(u >= 0) & (u <= 640) & (v >= 0) & (v <= 480), 0]
    return [round(float(inside[k]), 2) for k in (0, -1)] if inside.size else [None, None]


right = {name: pixels(*line) for name, line in LINES.items()}
seen = {}
for name, (a, b) in LINES.items():
    parts = camera.getVisibleLine(here, Translation3d(*a), Translation3d(*b))
    seen[name] = [None if part is None else round(float(part), 2) for part in parts]
print(f'photonlibpy {version("photonlibpy")}')
for name in LINES:
    print(f'guess: of a line {name}, {right[name]} is in view\nseen:  {seen[name]} by getVisibleLine')
print('       the planes above and below the view are turned to the side')
ahead, left, wide, aside = seen.values()
held = ahead == left == [None, None] and wide != right['from 10 m to the right to 10 m to the left'] and aside == [0, 1]
sys.exit(0 if held and [one[0] is None for one in right.values()] == [False, False, False, True] else
         'The behaviour has changed.')
PYTHON
