#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A corner between two pixels of an event camera.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check dv-processing==2.0.4 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from dv_processing.camera import CameraGeometry, DistortionModel

FOCAL, CENTRE, SIZE = (330.0, 330.0), (173.0, 130.0), (346, 260)
plain = CameraGeometry(*FOCAL, *CENTRE, SIZE)
lens = CameraGeometry([-0.35, 0.12, 0.001, -0.001], *FOCAL, *CENTRE, SIZE, DistortionModel.RADIAL_TANGENTIAL)

back = {x: float(plain.project(plain.backProject((x, 40.0)))[0]) for x in (100.0, 100.5, 100.75, 101.0)}
straight = [tuple(map(float, lens.undistort((x, 40.0)))) for x in (100.0, 100.75, 101.0)]
print(f'dv-processing {version("dv-processing")}\n'
      'guess: a point given as floats counts to the fraction of a pixel: to a ray and back it is where it was\n'
      f'seen:  {", ".join(f"{x} becomes {there:.2f}" for x, there in back.items())}, without a lens model as well; '
      f'undistorted, 100.75 lies where 100 does: {straight[0] == straight[1]}')
held = ([round(there, 3) for there in back.values()] == [100, 100, 100, 101]
        and straight[0] == straight[1] != straight[2])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
