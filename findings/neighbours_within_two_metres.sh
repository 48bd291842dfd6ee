#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Neighbours within 2 m, by two doors to one search tree.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==4.14.0.94 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import cv2
import numpy as np

RADIUS = 2.0  # metres
points = np.array([[x, 0, 0] for x in (.5, 1, 1.3, 1.5, 1.9, 2.5, 3.5)], np.float32)
origin = np.zeros((1, 3), np.float32)
KD_TREE = {'algorithm': 1, 'trees': 1}

count, rows, distances = cv2.flann.Index(points, KD_TREE).radiusSearch(origin, RADIUS, 10, params={'checks': -1})
index = sorted(points[i, 0].item() for i in rows[0, :count])
told = sorted(round(float(d), 2) for d in distances[0, :count])
matcher = cv2.FlannBasedMatcher(KD_TREE, {'checks': -1})
matches = matcher.radiusMatch(origin, points, RADIUS)[0]
other, measured = sorted(points[m.trainIdx, 0].item() for m in matches), sorted(round(m.distance, 2) for m in matches)
true = [x for x in (points[:, 0].tolist()) if x < RADIUS]
print(f'OpenCV {version("opencv-python-headless")}\n'
      f'guess: within a radius of {RADIUS} m are the points at {np.round(true, 2).tolist()}, and the distances are these\n'
      f'seen:  flann.Index finds those at {np.round(index, 2).tolist()} and says {told}, radius and distances squared; '
      f'FlannBasedMatcher {np.round(other, 2).tolist()} and {measured}')
held = (index == [x for x in true if x * x < RADIUS] and np.allclose(told, np.square(index), atol=.01)
        and other == true and np.allclose(measured, true, atol=.01))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
