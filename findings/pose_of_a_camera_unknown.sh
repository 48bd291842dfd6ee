#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The pose of a camera by exact points, whose model is one of COLMAP, by PoseLib, which takes models by the names of COLMAP.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check poselib==2.0.5 pycolmap==4.2.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import poselib
import pycolmap

points = np.random.default_rng(0).uniform([-2, -2, 3], [2, 2, 6], (100, 3))
seen = []
for model, parameters in (('OPENCV_FISHEYE', [500, 500, 320, 240, .1, 0, 0, 0]), ('SIMPLE_RADIAL_FISHEYE', [500, 320, 240, .1])):
    pixels = np.array(pycolmap.Camera(model=model, width=640, height=480, params=parameters).img_from_cam(points))
    camera = {'model': model, 'width': 640, 'height': 480, 'params': parameters}
    pose, told = poselib.estimate_absolute_pose(pixels, points - [1, 2, 3], camera, {'max_reproj_error': 2.}, {})
    pixel = np.asarray(poselib.Camera(model, parameters, 640, 480).project([[.3, .2]])).ravel()
    seen.append((np.round(pose.t, 6).tolist(), told['num_inliers'], pixel.round().tolist()))
print(f'poselib {version("poselib")}, pycolmap {version("pycolmap")}\n'
      'guess: the translation, [1, 2, 3], is found by all 100 points, and a ray leads to a pixel near [465, 337]; a model not known is an error\n'
      f'seen:  of OPENCV_FISHEYE {seen[0]}, of SIMPLE_RADIAL_FISHEYE {seen[1]}')
sys.exit(0 if seen[0][:2] == ([1, 2, 3], 100) and seen[1] == ([0, 0, 0], 0, [0, 0]) else 'The behaviour has changed.')
PYTHON
