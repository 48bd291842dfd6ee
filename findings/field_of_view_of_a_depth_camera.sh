#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A depth camera of 640 by 480 pixels that sees 60° across, told by its field of view, and a wall 5 m in front of it as a cloud.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "depth-tools[datasets,plots]==0.8.0" numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import math
import sys
from importlib.metadata import version

import numpy as np
from depth_tools import CameraIntrinsics, CoordSys, depth_2_point_cloud


def wall(camera):
    depth = np.full((1, 480, 640), 5, np.float32)
    cloud = depth_2_point_cloud(depth_map=depth, depth_mask=np.ones(depth.shape, bool), intrinsics=camera, out_coord_sys=CoordSys.LH_YUp)
    return round(float(np.ptp(cloud[:, 0])), 1)


angle = math.radians(60)
focal = 320 / math.tan(angle / 2)
true = CameraIntrinsics(f_x=focal, f_y=focal, c_x=320, c_y=240)
told = CameraIntrinsics.from_fov(width=640, height=480, fov_rad=angle, fov_x=True)
angles = [round(math.degrees(2 * math.atan(320 / camera.f_x)), 1) for camera in (true, told)]
print(f'depth-tools {version("depth-tools")}\n'
      f'guess: from_fov of 60 degrees has a focal length of {true.f_x:.1f} pixels, and the wall is {wall(true)} m wide\n'
      f'seen:  {told.f_x:.1f} pixels and {wall(told)} m: half the width times the cosine of half the angle, not divided by its tangent, so that it '
      f'sees {angles[1]} degrees')
held = angles == [60, 98.2] and abs(told.f_x - 320 * math.cos(angle / 2)) < 1e-9 and (wall(true), wall(told)) == (5.8, 11.5)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
