#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The scan angle of an airborne scan, from a point format of LAS 1.2 to one of LAS 1.4.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check laspy==2.7.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import laspy
import numpy as np

old = laspy.create(point_format=3, file_version='1.2')
old.x = old.y = old.z = np.array([0.0, 1.0])
old.scan_angle_rank, old.gps_time, old.return_number = np.array([-15, 20]), np.array([1.5, 2.5]), np.array([1, 2])
new = laspy.convert(old, point_format_id=6)
new.write('new.las')
read = laspy.read('new.las')
degrees = (read.scan_angle * 0.006).tolist()
print(f'laspy {version("laspy")}\n'
      'guess: convert from point format 3 to 6 keeps what both have, or names what is lost: -15 and 20 degrees\n'
      f'seen:  {degrees} degrees, without a word: the field is scan_angle_rank in one and scan_angle in the other; times '
      f'{read.gps_time.tolist()} and returns {np.asarray(read.return_number).tolist()} are kept')
held = degrees == [0, 0] and read.gps_time.tolist() == [1.5, 2.5] and np.asarray(read.return_number).tolist() == [1, 2]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
