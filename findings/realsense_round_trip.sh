#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A pixel to a point and back, by the two functions of librealsense: 11 pixels aside under one of its models.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyrealsense2==2.59.1.11053 libusb-package==1.0.30.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import ctypes
import sys
from importlib.metadata import version

import libusb_package

ctypes.CDLL(str(libusb_package.get_library_path()), mode=ctypes.RTLD_GLOBAL)  # what apt's libusb-1.0-0 brings
import pyrealsense2 as rs  # noqa: E402

pixel, away = [600., 400.], {}
for name in ('brown_conrady', 'inverse_brown_conrady', 'modified_brown_conrady', 'kannala_brandt4'):
    camera = rs.intrinsics()
    camera.width, camera.height, camera.model = 640, 480, getattr(rs.distortion, name)
    camera.fx = camera.fy = 500.
    camera.ppx, camera.ppy, camera.coeffs = 320., 240., [-.1, .02, .001, -.001, 0.]
    point = rs.rs2_deproject_pixel_to_point(camera, pixel, 2.)
    back = rs.rs2_project_point_to_pixel(camera, point)
    away[name] = round(max(abs(a - b) for a, b in zip(pixel, back, strict=True)), 3)
versions = f'pyrealsense2 {version("pyrealsense2")}'
guess = 'the pixel comes back under each model, or the model is refused'
seen = f'pixels between the two: {away}; deprojection leaves the distortion of one of them out'
held = away.pop('modified_brown_conrady') > 10 and max(away.values()) < .01
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
