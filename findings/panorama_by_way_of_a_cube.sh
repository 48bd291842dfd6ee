#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A panorama whose pixels tell their longitude and latitude, turned to the six faces of a cube and back, and a view of 90° cut out of it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check py360convert==1.0.4 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import py360convert

height, width, face = 512, 1024, 64
longitude, latitude = (np.arange(width) + .5) / width * 360 - 180, 90 - (np.arange(height) + .5) / height * 180
panorama = np.dstack(np.meshgrid(longitude, latitude)).astype(np.float32)
there = py360convert.e2c(panorama, face_w=face)
off = (py360convert.c2e(there, height, width) - panorama)[216:296, 472:552]  # 28 degrees around straight ahead
shift, least = [round(float(x), 1) for x in off.mean(axis=(0, 1))], round(float(np.abs(off).min()), 1)
pixel = round(np.rad2deg(2 / face), 1)
view = py360convert.e2p(panorama, (90, 90), 0, 0, (64, 64))[32, :, 0]
first, true = round(float(view[0]), 2), round(float(np.rad2deg(np.arctan(1 / 64 - 1))), 2)
print(f'py360convert {version("py360convert")}\n'
      f'guess: there and back all is where it was, but for a tenth of a pixel of a face, which is {pixel} degrees; the middle of the first '
      f'of 64 pixels of a view of 90 degrees looks to {true}\n'
      f'seen:  all is shifted by {shift} degrees in longitude and latitude, nothing by less than {least}: the faces reach from the middle of their first '
      f'pixel to that of their last one on the way there, and not on the way back; the first pixel looks to {first}')
sys.exit(0 if shift == [.9, -.9] and least == .6 and first == -45 and true == -44.55 else 'The behaviour has changed.')
PYTHON
