#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A cloud in UTM metres, thinned out in cells of 1 m: one point is left.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 small_gicp==1.0.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import subprocess
import sys
from importlib.metadata import version

COUNT = """
import numpy as np, small_gicp
cloud = np.random.default_rng(0).uniform(0, 50, (5000, 3))
for origin in ([0, 0, 0], [500000, 5400000, 100]):  # the second in the middle of a zone, at 48.7 degrees north
    print(small_gicp.voxelgrid_sampling(cloud + origin, 1.).size())
"""
run = subprocess.run([sys.executable, '-c', COUNT], capture_output=True, text=True, check=True)
near, far = (int(number) for number in run.stdout.split() if number.isdigit())
versions = f'small_gicp {version("small_gicp")}'
guess = 'the same cells are filled wherever the cloud lies: within a few of each other'
seen = f'{near} points near 0, {far} of the same cloud in UTM; {len(run.stderr.splitlines())} lines on standard error'
held = near > 4000 and far == 1
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
