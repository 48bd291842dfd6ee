#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The way along a straight reference path, 20 m and begun at the stop line, in curvilinear coordinates for the planner of
# an automated car: of its first point, its last one and one in the middle.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check commonroad-clcs==2025.2.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from commonroad_clcs.clcs import CurvilinearCoordinateSystem
from commonroad_clcs.config import CLCSParams

path = np.stack((np.arange(0, 20.5, 0.5), np.zeros(41)), axis=1)


def along(**given):
    system = CurvilinearCoordinateSystem(path, CLCSParams(**given))
    return [round(float(system.convert_to_curvilinear_coords(x, 0.0)[0]), 3) for x in (0.0, 10.0, 20.0)]


usual, wide = along(), along(eps2=0.5)
print(f'commonroad-clcs {version("commonroad-clcs")}\n'
      f'guess: the first point of the path lies at 0, the others at 10 and 20 m\n'
      f'seen:  {usual}, and with eps2 of 0.5 for 0.01 {wide}: the path is begun three times eps2 before its first point')
sys.exit(0 if usual == [0.03, 10.03, 20.03] and wide == [1.5, 11.5, 21.5] else 'The behaviour has changed.')
PYTHON
