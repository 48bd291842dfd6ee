#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A model of COLMAP with one camera, 10 m to the east, that looks to the west: it sees a point 1 m before it, and one 14 m away.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check poselab==0.2.2 pycolmap==4.2.1 numpy==2.4.6 scipy==1.17.1 tqdm==4.70.1 colorama==0.4.6 \
  vedo==2026.6.3 matplotlib==3.11.2
cd "$work"
mkdir model
echo '1 PINHOLE 640 480 320 320 320 240' > model/cameras.txt
# From the world to the camera: a turn by 90 degrees about y, and 0 0 10.
printf '%s\n' '1 0.7071067811865476 0 0.7071067811865476 0 0 0 10 1 image.png' '320 240 1 640 240 2' > model/images.txt
printf '%s\n' '1 9 0 0 0 0 0 0 1 0' '2 0 0 10 0 0 0 0 1 1' > model/points3D.txt
"$work/venv/bin/python" - <<'PYTHON' 2>/dev/null
import sys
from importlib.metadata import version

import numpy as np
import pycolmap
from poselab.pose import Pose

right = pycolmap.Reconstruction('model')
centre = right.images[1].projection_center()
away = {name: round(float(np.linalg.norm(point.xyz - centre)), 1) for name, point in right.points3D.items()}
seen = Pose()
seen.load('model')
seen.filter_features_distance_camera(2)
left = [int(name) for name in seen.points3D]
print(f'poselab {version("poselab")}, pycolmap {version("pycolmap")}\n'
      f'guess: of points {away} m from the camera, point 1 is left once those "more than" 2 m "away from any camera" are filtered\n'
      f'seen:  {left} is left: the distance is taken from the translation of the pose, {right.images[1].cam_from_world().translation.round(6).tolist()}, while the '
      f'camera is at {(centre.round(6) + 0).tolist()}')
sys.exit(0 if away == {1: 1, 2: 14.1} and left == [2] else 'The behaviour has changed.')
PYTHON
