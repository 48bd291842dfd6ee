#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A camera that turns, as matrices at times in USD: between the times it shrinks, in a half turn to nothing.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 usd-core==26.11
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from pxr import Gf, Usd, UsdGeom

stage = Usd.Stage.CreateInMemory()
camera = UsdGeom.Camera.Define(stage, '/camera')
pose = camera.AddTransformOp()
for time, degrees in ((0, 0), (1, 90), (2, 270)):
    pose.Set(Gf.Matrix4d().SetRotate(Gf.Rotation(Gf.Vec3d(0, 0, 1), degrees)), time)
determinants = {time: round(float(np.linalg.det(np.array(camera.GetLocalTransformation(time))[:3, :3])), 3)
                for time in (0, .5, 1, 1.5)}
versions = f'usd-core {".".join(str(number) for number in Usd.GetVersion()[1:])}'
guess = 'a transform between two poses is a pose: determinant 1 at each time'
seen = f'determinants {determinants}: each number of the matrix is interpolated by itself'
held = determinants == {0: 1, .5: .5, 1: 1, 1.5: 0}
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
