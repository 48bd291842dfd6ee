#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two clouds, of which one is turned by 20 degrees to the left.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pycpd==2.0.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from pycpd import RigidRegistration

DEGREES, MOVE = 20, np.array([.1, .2])
c, s = np.cos(np.radians(DEGREES)), np.sin(np.radians(DEGREES))
left = np.array([[c, -s], [s, c]])
source = np.random.default_rng(0).uniform(-1, 1, (60, 2))
target = source @ left.T + MOVE  # target = left · source + move, point by point

moved, (scale, turn, move) = RigidRegistration(X=target, Y=source).register()
told = np.degrees(np.arctan2(turn[1, 0], turn[0, 0]))
apart = {name: np.abs(scale * source @ matrix.T + move - target).max() for name, matrix in (('R', turn), ('R transposed', turn.T))}
print(f'pycpd {version("pycpd")}\n'
      f'guess: target = s R source + t, and R turns by {DEGREES} degrees to the left\n'
      f'seen:  R turns by {told:.1f} degrees, the move is {move.round(3).tolist()}; points are off by '
      f'{ {name: round(float(metres), 3) for name, metres in apart.items()} }, what it moved itself by {np.abs(moved - target).max():.3f}')
held = abs(told + DEGREES) < .1 and np.allclose(move, MOVE, atol=1e-3) and apart['R'] > .5 and apart['R transposed'] < 1e-3
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
