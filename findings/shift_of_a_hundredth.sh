#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A slope of 1 m a pixel that is moved by a hundredth of a pixel, in float32.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==4.14.0.94 scipy==1.17.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import cv2
import numpy as np
from scipy import ndimage

slope = np.arange(64, dtype=np.float32)[None].repeat(64, 0)
places = np.linspace(20, 30, 1001, dtype=np.float32)[None]


def moved(pixels):
    """Return what the value in the middle grows by, by each of the functions; `pixels` is what it should be."""
    matrix = np.float32([[1, 0, pixels], [0, 1, 0]])
    inverse = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    return {
        'warpAffine': cv2.warpAffine(slope, matrix, (64, 64), flags=inverse)[32, 32] - 32,
        'warpPerspective': cv2.warpPerspective(slope, np.vstack([matrix, [0, 0, 1]]), (64, 64), flags=inverse)[32, 32] - 32,
        'remap': cv2.remap(slope, np.float32([[32 + pixels]]), np.float32([[32]]), cv2.INTER_LINEAR)[0, 0] - 32,
        'getRectSubPix': cv2.getRectSubPix(slope, (1, 1), (32 + pixels, 32.0))[0, 0] - 32,
        'SciPy': ndimage.map_coordinates(slope, [[32], [32 + pixels]], order=1)[0] - 32,
    }


seen = {pixels: {name: round(float(metres), 5) for name, metres in moved(pixels).items()} for pixels in (.01, .02)}
worst = float(np.abs(cv2.remap(slope, places, np.full_like(places, 32), cv2.INTER_LINEAR) - places).max())
print(f'OpenCV {version("opencv-python-headless")}\n'
      'guess: 0.01 m for 0.01 pixel, 0.02 m for 0.02\n'
      f'seen:  {seen}; remap is off by up to {worst:.4f} m: whole 32nds of a pixel')
grid = ('warpAffine', 'warpPerspective', 'remap')
held = (all(seen[.01][name] == 0 and seen[.02][name] == .03125 for name in grid) and abs(worst - 1 / 64) < 1e-3
        and all(abs(seen[pixels][name] - pixels) < 1e-4 for pixels in seen for name in ('getRectSubPix', 'SciPy')))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
