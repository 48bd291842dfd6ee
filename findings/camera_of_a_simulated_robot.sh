#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A camera of PhotonVision's simulation told by its field of view along the diagonal, and its rate of frames and exposure.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check photonlibpy==2026.3.4 opencv-python==4.14.0.94
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import math
import sys
from importlib.metadata import version

from photonlibpy.simulation import SimCameraProperties
from wpimath.geometry import Rotation2d

camera = SimCameraProperties()
seen, right = {}, {}
for width, height, angle in ((960, 720, 90), (640, 480, 70)):
    camera.setCalibrationFromFOV(width, height, Rotation2d.fromDegrees(angle))
    seen[angle] = [round(float(camera.getIntrinsics()[k, k])) for k in (0, 1)]
    seen[angle] += [round(camera.getHorizFOV().degrees(), 1), round(camera.getVertFOV().degrees(), 1)]
    focal = math.hypot(width, height) / 2 / math.tan(math.radians(angle) / 2)
    right[angle] = [round(focal), round(focal)]
    right[angle] += [round(math.degrees(2 * math.atan(side / 2 / focal)), 1) for side in (width, height)]
camera.setFPS(30)
camera.setExposureTime(5)
rate = camera.getFPS()
print(f'photonlibpy {version("photonlibpy")}\n'
      f'guess: pixels are square, so that fx, fy, width and height of the view, by the angle along the diagonal, are\n'
      f'       {right}; and with an exposure of 5, in milliseconds, 30 frames a second are 30\n'
      f'seen:  {seen}: the angle across is doubled within its arc tangent; and {rate} frames a second')
held = all(abs(right[angle][1] - seen[angle][1]) < 2 and seen[angle][0] > 1.2 * right[angle][0] for angle in seen)
sys.exit(0 if held and rate == .2 else 'The behaviour has changed.')
PYTHON
