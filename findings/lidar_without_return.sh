#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The points of an Ouster lidar on a vehicle: one beam returns from 5 m, the others from nothing.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ouster-sdk==1.0.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from ouster.sdk import core

mount = np.eye(4)
mount[:3, 3] = 1.2, 0, 1.9  # the sensor on the roof, in the frame of the vehicle
info = core.SensorInfo.from_default(core.LidarMode._1024x10)
info.sensor_to_body = mount
ranges = np.zeros((info.format.pixels_per_column, info.format.columns_per_frame), 'u4')
ranges[10, 20] = 5000
points = core.XYZLut(info, use_extrinsics=True)(ranges)
missing = points[ranges == 0]
places = np.unique(missing, axis=0).tolist()
from_sensor = np.linalg.norm(missing - mount[:3, 3], axis=1)
print(f'ouster-sdk {version("ouster-sdk")}\n'
      'guess: a beam without return is NaN, or lies in the sensor, where a smallest range of 1 m drops it\n'
      f'seen:  {len(missing)} points lie at {places} of the vehicle, {from_sensor.min():.2f} m from the sensor; the one of 5 m '
      f'is right, {np.linalg.norm(points[10, 20] - mount[:3, 3]):.2f} m')
held = places == [[0, 0, 0]] and from_sensor.min() > 2 and len(missing) == ranges.size - 1
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
