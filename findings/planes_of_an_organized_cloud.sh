#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An organized cloud of a wall 2 m away, 48 rows by 64 columns, in which OpenCV 5 looks for planes.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np

u, v = np.meshgrid(np.arange(64), np.arange(48))
wall = np.stack([(u - 32) / 50 * 2, (v - 24) / 50 * 2, np.full(u.shape, 2.)], -1).astype('f4')
described = 'rows x cols with 3 channels' in cv2.findPlanes.__doc__
seen = []
for cloud in (wall, np.dstack([wall, np.zeros(u.shape, 'f4')])):
    mask, planes = cv2.findPlanes(cloud, None, block_size=8)
    seen.append((mask.shape, np.unique(mask).tolist(), None if planes is None else np.abs(planes.ravel()).round(3).tolist()))
print(f'OpenCV {cv2.__version__}\n'
      'guess: of points "rows x cols with 3 channels", as its description has them, findPlanes makes a mask of 48 by 64, all 0, and one\n'
      '       plane, 2 m away\n'
      f'seen:  {seen[0]} of 3 channels, {seen[1]} of 4')
sys.exit(0 if described and seen == [((48, 48), [255], None), ((48, 64), [0], [0, 0, 1, 2])] else 'The behaviour has changed.')
PYTHON
