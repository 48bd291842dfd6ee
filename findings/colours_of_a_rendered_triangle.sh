#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A triangle with red, green and blue corners, seen from its front and from its back, rendered by OpenCV 5 without settings and with new ones.
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

corners = np.array([[-1, -1, -1], [1, -1, -1], [0, 1, -1]], 'f4').reshape(-1, 1, 3)
colours = np.eye(3, dtype='f4').reshape(-1, 1, 3)


def middle(face, *settings):
    pictures = np.zeros((48, 64, 3), 'f4'), np.full((48, 64), 100, 'f4')
    rendered = cv2.triangleRasterize(corners, np.array(face, 'i4').reshape(-1, 1, 3), colours, *pictures, np.eye(4, dtype='f4'), np.pi / 2,
                                     .1, 100., *settings)[0]
    return rendered[24, 32].astype(float).round(2).tolist()


description = ' '.join(cv2.triangleRasterize.__doc__.replace('\n.', ' ').replace('*', ' ').split())
said = 'By default the smooth shading is on, with CW culling' in description
seen = [[middle(face, *settings) for face in ([0, 1, 2], [0, 2, 1])] for settings in ((), (cv2.TriangleRasterizeSettings(),))]
print(f'OpenCV {cv2.__version__}\n'
      'guess: new settings are those without any: "By default the smooth shading is on, with CW culling"\n'
      f'seen:  front and back are {seen[0]} without settings, {seen[1]} with new ones: white, and both sides are drawn')
held = said and seen == [[[.24, .27, .49], [0, 0, 0]], [[1, 1, 1], [1, 1, 1]]]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
