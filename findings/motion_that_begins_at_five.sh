#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A motion of one second that begins at 5 s on the robot's clock.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check roboticstoolbox-python==1.5.0 spatialmath-python==1.1.18 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import roboticstoolbox as rtb
from spatialmath import SE3

START, END = 0.0, 1.0


def ends(times):
    """Return where each of the package's motions begins and ends."""
    return {
        'quintic': rtb.quintic(START, END, times).q[[0, -1]], 'trapezoidal': rtb.trapezoidal(START, END, times).q[[0, -1]],
        'jtraj': rtb.jtraj(np.array([START]), np.array([END]), times).q[[0, -1], 0],
        'ctraj': rtb.ctraj(SE3.Tx(START), SE3.Tx(END), times).t[[0, -1], 0],
    }


seen = {first: {name: np.round(pair, 2).tolist() for name, pair in ends(np.linspace(first, first + 1, 51)).items()} for first in (0, 5)}
print(f'roboticstoolbox-python {version("roboticstoolbox-python")}\n'
      f'guess: all of them go from {START} to {END}, whenever they begin\n'
      f'seen:  those that begin at 0 s {seen[0]}, at 5 s {seen[5]}')
held = (all(pair == [START, END] for pair in seen[0].values()) and seen[5]['quintic'] == seen[5]['trapezoidal'] == [START, END]
        and seen[5]['jtraj'][0] > .9 and seen[5]['ctraj'][0] > .9)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
