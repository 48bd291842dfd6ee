#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A lidar's scan without the vehicle itself: what is nearer than 1.5 m is taken out. A square column is, as high as the world: a
# ceiling or bridge 10 m above is gone with it, and a pedestrian 2 m away at the corner.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==1.26.4 pyquaternion==0.9.9 matplotlib==3.10.3 \
  opencv-python-headless==4.11.0.86 cachetools==6.2.0 tqdm==4.67.1 scikit-learn==1.7.2
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps nuscenes-devkit==1.2.0
cd "$work"
MPLBACKEND=Agg "$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from nuscenes.utils.data_classes import LidarPointCloud

RADIUS = 1.5
points = {'the roof, 1 m away': (0.6, 0.8, 0), 'a pedestrian 2 m away': (1.4, 1.4, -0.3), 'a car 2 m away': (2, 0, 0),
          'a bridge 10 m above': (0.5, 0, 10), 'the ground 1.8 m below': (0, 0.3, -1.8)}
cloud = LidarPointCloud(np.array([(*place, 1.0) for place in points.values()], np.float32).T)
cloud.remove_close(RADIUS)
left = [name for name, place in points.items() if np.any(np.all(np.isclose(cloud.points[:3].T, place), axis=1))]
true = [name for name, place in points.items() if np.linalg.norm(place) > RADIUS]
print(f'nuscenes-devkit {version("nuscenes-devkit")}\n'
      f'guess: what is farther than {RADIUS} m is left: {", ".join(true)}\n'
      f'seen:  {", ".join(left)}')
sys.exit(0 if len(true) == 4 and left == ['a car 2 m away'] else 'The behaviour has changed.')
PYTHON
