#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Points of a laser with returns, an angle, a source and a field of its own, written to LAS and read back.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check jaklas==0.4.4 laspy==2.7.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import jaklas
import laspy
import numpy as np

points = {'x': np.array([0., 1, 2]), 'y': np.array([0., 2, 4]), 'z': np.array([1., 2, 4]), 'intensity': np.array([7, 8, 9], np.uint16),
          'return_number': np.array([1, 2, 3], np.uint8), 'number_of_returns': np.array([3, 3, 3], np.uint8),
          'scan_angle_rank': np.array([-5, 0, 5], np.int8), 'point_source_id': np.array([4, 5, 6], np.uint16),
          'user_data': np.array([1, 2, 3], np.uint8), 'wetness': np.array([.5, .25, .75])}
jaklas.write(points, 'scan.las')
back = laspy.read('scan.las')
kept = [name for name, values in points.items() if np.allclose(back[name], values)]
lost = [name for name in points if not np.any(back[name])]
print(f'jaklas {version("jaklas")}, laspy {version("laspy")}\n'
      f'guess: all {len(points)} fields come back, as all of them are told to be fields of point format {back.header.point_format.id}, or extra ones\n'
      f'seen:  {", ".join(kept)} do; {", ".join(lost)} are 0, without a word')
held = kept == ['x', 'y', 'z', 'intensity', 'wetness'] and len(lost) == 5 and 'return_number' in lost
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
