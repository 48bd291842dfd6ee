#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An OAK's intrinsics for 4:3 of a 16:10 sensor: those of a picture with bars, while the camera's outputs are cut.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 depthai==3.12.0
cd "$work"
DEPTHAI_LEVEL=off "$work/venv/bin/python" - <<'PYTHON'
import sys

import depthai

socket = depthai.CameraBoardSocket.CAM_A
calibration = depthai.CalibrationHandler()
calibration.setCameraIntrinsics(socket, [[1000.0, 0, 640], [0, 1000.0, 400], [0, 0, 1]], 1280, 800)
told = calibration.getCameraIntrinsics(socket, 640, 480, keepAspectRatio=True)
focal, centre = told[0][0], told[1][2]
# A cut takes the largest 4:3 part of 1280x800, 1067x800, and shrinks it by 0.6.
cut = 1000 * 480 / 800
signature = depthai.node.Camera.requestOutput.__doc__.split('resizeMode: ')[1].split(', ')[0]
default = signature.endswith(f': {depthai.ImgResizeMode.CROP.value}>')
print(f'depthai {depthai.__version__}, 1280x800 with fx 1000 asked for as 640x480, aspect ratio kept')
print(f'guess: what requestOutput gives by default (a cut: {default}), fx {cut:.0f}')
print(f'seen:  fx {focal:.0f}, cy {centre:.0f}: the whole width, 640x400, with bars above and below')
held = default and abs(focal - 500) < 0.01 and abs(centre - 240) < 0.01
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
