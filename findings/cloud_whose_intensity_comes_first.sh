#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A PCD whose first field is the intensity, read by vedo and by pypcd4.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check vedo==2026.6.3 vtk==9.7.2 pypcd4==1.5.1 numpy==2.4.6
cd "$work"
cat > cloud.pcd <<'PCD'
# .PCD v0.7
VERSION 0.7
FIELDS intensity x y z
SIZE 4 4 4 4
TYPE F F F F
COUNT 1 1 1 1
WIDTH 2
HEIGHT 1
VIEWPOINT 0 0 0 1 0 0 0
POINTS 2
DATA ascii
0.5 10 20 30
0.25 11 21 31
PCD
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import vedo
from pypcd4 import PointCloud

own, other = vedo.load('cloud.pcd').vertices.tolist(), PointCloud.from_path('cloud.pcd').numpy(('x', 'y', 'z')).tolist()
print(f'vedo {version("vedo")}, pypcd4 {version("pypcd4")}\n'
      f'guess: points at {other}, as the fields say, and as pypcd4 reads them\n'
      f'seen:  {own} by vedo: the first three columns, whatever they are')
sys.exit(0 if other == [[10, 20, 30], [11, 21, 31]] and own == [[.5, 10, 20], [.25, 11, 21]] else 'The behaviour has changed.')
PYTHON
