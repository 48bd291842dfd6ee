#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Points on two rays of a fisheye of the double sphere model that sees 120°, straight ahead and 84° to the right, near and far.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check dscamera==0.0.4 numpy==2.4.6 opencv-python-headless==4.14.0.94
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from dscamera import DSCamera

camera = DSCamera(img_size=(800, 800), intrinsic=dict(fx=200, fy=200, cx=400, cy=400, xi=-.2, alpha=.6), fov=120)
ahead, right = np.array([0, 0, 1.]), np.array([np.sin(np.deg2rad(84)), 0, np.cos(np.deg2rad(84))])
seen = {}
for name, ray in (('ahead', ahead), ('84 degrees to the right', right)):
    pixels, masks = zip(*(camera.world2cam(distance * ray) for distance in (.3, 1, 10)))
    assert np.allclose(pixels, pixels[0])
    back, inside = camera.cam2world(list(pixels[0]))
    assert np.allclose(back, ray)
    seen[name] = [[bool(mask) for mask in masks], bool(inside[0])]
print(f'dscamera {version("dscamera")}\n'
      'guess: what is ahead is in view, what is 84 degrees aside is not, at 0.3, 1 and 10 m alike, as by the way back from the pixel\n'
      + 'seen:  ' + '; '.join(f'{name} {masks}, back {inside}' for name, (masks, inside) in seen.items())
      + ': the depth in metres is compared with the cosine of 60 degrees')
sys.exit(0 if list(seen.values()) == [[[False, True, True], True], [[False, False, True], False]] else 'The behaviour has changed.')
PYTHON
