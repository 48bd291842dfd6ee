#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A keypoint with an angle, as of a grasp or a marker, in a picture that is turned by 30 degrees, to the left, in three ways, and
# flipped. What a network learns of the direction is that of another picture: twice the turn off, the other way.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check albumentations==2.0.8 numpy==2.4.6 opencv-python-headless==4.14.0.94
cd "$work"
NO_ALBUMENTATIONS_UPDATE=1 "$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import albumentations
import numpy as np

ANGLE, REACH = 30, 20
BASE = np.array([80.0, 50.0])
TIP = BASE + REACH * np.array([np.cos(np.radians(ANGLE)), np.sin(np.radians(ANGLE))])  # y points down, as rows do


def off(transform):
    """Return how far the angle that comes back is from the direction in which the tip then lies, in degrees."""
    keypoints = albumentations.KeypointParams(format='xya', remove_invisible=False)
    turned = albumentations.Compose([transform], keypoint_params=keypoints, seed=1)(
        image=np.zeros((120, 200, 3), np.uint8), keypoints=[(*BASE, ANGLE), (*TIP, ANGLE)])['keypoints']
    (x, y, angle), (to_x, to_y, _) = turned
    return round((angle - np.degrees(np.arctan2(to_y - y, to_x - x)) + 180) % 360 - 180) + 0


names = albumentations
seen = {name: off(transform) for name, transform in {
    'HorizontalFlip': names.HorizontalFlip(p=1), 'VerticalFlip': names.VerticalFlip(p=1), 'Transpose': names.Transpose(p=1),
    'RandomRotate90': names.RandomRotate90(p=1), 'Rotate': names.Rotate((30, 30), p=1),
    'Affine': names.Affine(rotate=(30, 30), p=1), 'SafeRotate': names.SafeRotate((30, 30), p=1)}.items()}
print(f'albumentations {version("albumentations")}\n'
      'guess: the angle is turned with the picture, whichever transform turns it: 0 off\n'
      f'seen:  degrees off: {seen}')
held = (not any(list(seen.values())[:4]) and abs(seen['Rotate']) == abs(seen['Affine']) == 60
        and 45 < abs(seen['SafeRotate']) < 55)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
