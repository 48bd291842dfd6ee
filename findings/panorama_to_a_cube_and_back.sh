#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A panorama whose pixels hold their own directions, turned to the six faces of a cube and back.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 py360convert==1.0.4
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import py360convert

height, width, face = 512, 1024, 256
longitude, latitude = np.meshgrid((np.arange(width) + .5) / width * 2 * np.pi - np.pi, np.pi / 2 - (np.arange(height) + .5) / height * np.pi)
panorama = np.stack([np.cos(latitude) * np.sin(longitude), np.sin(latitude), np.cos(latitude) * np.cos(longitude)], axis=-1)


def angle(first, second):
    cosine = (first * second).sum(-1) / np.linalg.norm(first, axis=-1) / np.linalg.norm(second, axis=-1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


cube = py360convert.e2c(panorama, face_w=face, cube_format='dict')
middles = np.stack([np.tile((np.arange(face) + .5) * 2 / face - 1, (face, 1)), -np.tile((np.arange(face) + .5) * 2 / face - 1, (face, 1)).T,
                    np.ones((face, face))], axis=-1)
corners = np.stack([np.tile(np.linspace(-1, 1, face), (face, 1)), -np.tile(np.linspace(-1, 1, face), (face, 1)).T, np.ones((face, face))], axis=-1)
there = [float(angle(cube['F'], rays).max().round(2)) for rays in (middles, corners)]
back = angle(py360convert.c2e(cube, height, width, cube_format='dict'), panorama)
pixel = 360 / width
print(f'py360convert {version("py360convert")}\n'
      f'guess: there and back each pixel is what it was, to a tenth of one, {pixel / 10:.3f} degrees\n'
      f'seen:  {np.median(back):.2f} degrees off, {back.max():.2f} at most: 1.4 pixels. The front face is {there[0]} degrees off of a face whose '
      f'pixels have middles, {there[1]} of one whose first and last pixels lie at the edges')
sys.exit(0 if np.median(back) > .2 and back.max() > .4 and there[1] < .03 < .09 < there[0] else 'The behaviour has changed.')
PYTHON
