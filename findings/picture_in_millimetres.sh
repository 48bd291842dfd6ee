#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A depth image of 16 bits, in millimetres, and the same in metres, of the corner of a room seen from two places 3 cm apart, in the functions
# for RGB-D of OpenCV 5.
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

camera = np.array([[500, 0, 320], [0, 500, 240], [0, 0, 1]], 'f4')
u, v = np.meshgrid(np.arange(640), np.arange(480))
rays = np.stack([(u - 320) / 500, (v - 240) / 500, np.ones_like(u)], -1)
walls = [([0, 0, 1], 3), ([.8, 0, .6], 2), ([0, .8, .6], 2.1), ([-.6, -.3, .74], 1.9)]


def depth(x, unit):
    along = [np.where(rays @ n > .1, (d - n[0] * x) / np.maximum(rays @ n, .1), np.inf) for n, d in walls]
    metres = np.min(along, axis=0)
    return metres.astype('f4') if unit == 1 else np.rint(metres * 1000).astype('u2')


def seen(unit):
    first, second = depth(0, unit), depth(.03, unit)
    settings = cv2.OdometrySettings()
    settings.setCameraMatrix(camera)
    found, motion = cv2.Odometry(cv2.ODOMETRY_TYPE_DEPTH, settings, cv2.ODOMETRY_ALGO_TYPE_COMMON).compute(first, second)
    away = np.eye(4)
    away[2, 3] = .5
    flat = np.full((480, 640), 3 * unit, first.dtype)
    moved = (cv2.registerDepth(camera, camera, np.zeros(5), away, flat, (640, 480)),
             cv2.warpFrame(flat, None, None, away, camera)[0])
    volume = cv2.VolumeSettings(cv2.VOLUME_TYPE_TSDF)
    for which in ('Integrate', 'Raycast'):
        getattr(volume, f'setCamera{which}Intrinsics')(camera)
        getattr(volume, f'set{which}Width')(640)
        getattr(volume, f'set{which}Height')(480)
    tsdf = cv2.Volume(cv2.VOLUME_TYPE_TSDF, volume)
    tsdf.integrate(flat, np.eye(4, dtype='f4'))
    wall = tsdf.raycast(np.eye(4, dtype='f4'))[0][240, 320, 2]
    return [round(float(cv2.depthTo3d(flat, camera)[240, 320, 2]), 3), *(round(float(m[240, 320]) / unit, 4) for m in moved),
            round(-float(motion[0, 3]), 3) if found else None, None if np.isnan(wall) else round(float(wall), 2)]


metres, millimetres = seen(1), seen(1000)
print(f'OpenCV {cv2.__version__}\n'
      'guess: of a wall at 3 m depthTo3d says 3; moved away by 0.5 m it is at 3.5 by registerDepth and warpFrame; the odometry says 0.03;\n'
      '       a volume of its own settings has the wall at 3 m: in metres of float32 as in millimetres of 16 bits\n'
      f'seen:  {metres} in metres, {millimetres} in millimetres')
held = (metres[:3] == [3, 3.5, 3.5] and abs(metres[3] - .03) < .003 and metres[4] is None
        and millimetres[:2] == [3, 3.5] and millimetres[2] < 3.01 and .004 < millimetres[3] < .008 and .5 < millimetres[4] < .7)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
