#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A camera in Agisoft's format, with the distortion of a common lens: a point is projected, and its pixel taken back to the depth of the point.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps pycamgeom==0.0.5
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 opencv-python-headless==4.14.0.94
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
import xml.etree.ElementTree as xml
from importlib.metadata import version

import cv2
import numpy as np
from pycamgeom.camera import Camera

POINT = np.array([2., 1.5, 4.])


def there_and_back(**lens):
    """Return the pixel of the point by pycamgeom and by OpenCV, whose p1 and p2 are the other way round, and the way back by both."""
    told = ''.join(f'<{name}>{value}</{name}>' for name, value in lens.items())
    camera = Camera.load_agisoft(xml.fromstring(f'<sensor id="0"><resolution width="1600" height="1200"/><calibration><fx>1000</fx><fy>1000</fy>'
                                                f'<cx>800</cx><cy>600</cy>{told}</calibration></sensor>'), '1.2.0')
    _, pixel = camera.project(np.append(POINT, 1)[:, None])
    matrix, lens = np.array([[1000., 0, 800], [0, 1000, 600], [0, 0, 1]]), np.array([lens.get(name, 0) for name in ('k1', 'k2', 'p2', 'p1', 'k3')])
    other = cv2.projectPoints(POINT[None], np.zeros(3), np.zeros(3), matrix, lens)[0].ravel()
    ray = cv2.undistortPointsIter(pixel[None, None], matrix, lens, np.eye(3), np.eye(3), (cv2.TERM_CRITERIA_COUNT, 100, 0)).ravel()
    off = [float(np.linalg.norm(np.array(back) - POINT[:2])) for back in (camera.backproject(*pixel, POINT[2])[:2], ray * POINT[2])]
    return abs(pixel - other).max(), *np.round(off, 3).tolist()


none, radial, tangential = there_and_back(), there_and_back(k1=-.2, k2=.05), there_and_back(p1=.01, p2=-.004)
print(f'pycamgeom {version("pycamgeom")}\n'
      'guess: the point comes back, as by OpenCV, which has the same pixel\n'
      f'seen:  without distortion it is off by {none[1]} m, with k1 and k2 by {radial[1]}, with p1 and p2 by {tangential[1]}; by OpenCV by '
      f'{none[2]}, {radial[2]} and {tangential[2]}:\n       the way back has r for its square, and p1 and p2 have changed places')
held = max(none[0], radial[0], tangential[0]) < 1e-6 and none[1] < .001 and radial[1] > .05 and tangential[1] > .02 and max(radial[2], tangential[2]) < .001
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
