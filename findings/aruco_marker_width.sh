#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A marker drawn 24 pixels wide is measured 23 wide: at the same focal length 4 % too far.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 opencv-python-headless==4.14.0.94
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np

aruco = cv2.aruco
dictionary = aruco.getPredefinedDictionary(aruco.DICT_4X4_50)
width = 24
image = np.full((300, 300), 255, np.uint8)
image[100:100 + width, 80:80 + width] = aruco.generateImageMarker(dictionary, 3, width)
measured = {}
for name in ('NONE', 'SUBPIX', 'CONTOUR', 'APRILTAG'):
    parameters = aruco.DetectorParameters()
    parameters.cornerRefinementMethod = getattr(aruco, f'CORNER_REFINE_{name}')
    (corners,), _, _ = aruco.ArucoDetector(dictionary, parameters).detectMarkers(image)
    x = corners[0, :, 0]
    measured[name] = (round(float(x.min()), 2), round(float(np.ptp(x)), 2))
versions = f'OpenCV {cv2.__version__}'
guess = 'the edge lies between two pixels, at 79.5, and the width is 24, with any refinement'
seen = f'left edge and width by refinement: {measured}'
held = (measured['NONE'] == measured['CONTOUR'] == (80.0, 23.0) and measured['APRILTAG'] == (80.0, 24.0)
        and 79.5 < measured['SUBPIX'][0] < 79.8)
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
