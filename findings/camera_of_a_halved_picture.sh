#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A camera that sees 60° with 640 by 480 pixels, whose picture is made half as large, and four times as large.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check deltacamera==0.9.0 numpy==2.4.6 opencv-python==5.0.0.93
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import cv2
import numpy as np
from deltacamera import Camera


def marks(camera, height, width):
    """The columns of a ray in the camera, and of the spot in the picture, resized by OpenCV, that the ray makes in the large one."""
    ray = np.array([[.25, 0, 1]], np.float32)
    large = Camera.from_fov(60, (480, 640))
    column = float(large.camera_to_image(ray)[0, 0])
    picture = np.exp(-((np.arange(640) - column) / 12) ** 2).astype(np.float32)[None].repeat(480, 0)
    smaller = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if width < 640 else cv2.INTER_LINEAR)[height // 2]
    return round(float(camera.camera_to_image(ray)[0, 0]), 2), round(float((smaller * np.arange(width)).sum() / smaller.sum()), 2)


seen = {}
for height, width in ((240, 320), (1920, 2560)):
    told = Camera.from_fov(60, (480, 640)).image_resized((height, width))
    itself = Camera.from_fov(60, (height, width))
    seen[width] = [*marks(told, height, width), marks(itself, height, width)[0]]
print(f'deltacamera {version("deltacamera")}, OpenCV {cv2.__version__}\n'
      f'guess: the camera by image_resized sees a spot where cv2.resize has it, as one made of its field of view at that size does\n'
      f'seen:  ' + ', '.join(f'{told} for {true} and {itself} of {width} columns' for width, (told, true, itself) in seen.items())
      + ': pixels are at whole numbers, and the middle is scaled as if they were at halves')
held = all(abs(true - itself) < .03 for _, true, itself in seen.values())
sys.exit(0 if held and abs(seen[320][0] - seen[320][1] - .25) < .03 and abs(seen[2560][0] - seen[2560][1] + 1.5) < .05 else 'The behaviour has changed.')
PYTHON
