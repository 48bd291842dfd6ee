#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A soft dot, and a keypoint at its middle, in a picture that is enlarged or distorted. The keypoint comes to lie beside its dot: a
# detector of corners or tags learns to be off by as much, or by fractions of pixels that were cut off.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check albumentations==2.0.8 numpy==2.4.6 opencv-python-headless==4.14.0.94
cd "$work"
NO_ALBUMENTATIONS_UPDATE=1 "$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import albumentations as names
import numpy as np

MIDDLE, (HEIGHT, WIDTH) = np.array([80.0, 50.0]), (120, 200)
y, x = np.mgrid[:HEIGHT, :WIDTH]
dot = np.exp(-((x - MIDDLE[0]) ** 2 + (y - MIDDLE[1]) ** 2) / 18).astype(np.float32)


def aside(transform):
    """Return how far the keypoint is from the dot's centre of mass, in pixels of the picture that comes out."""
    picture = names.Compose([transform], keypoint_params=names.KeypointParams(format='xy', remove_invisible=False), seed=1)(
        image=np.dstack([dot] * 3), keypoints=[MIDDLE])
    weights = picture['image'][..., 0] / picture['image'][..., 0].sum()
    rows, columns = np.mgrid[:weights.shape[0], :weights.shape[1]]
    return np.round(np.array(picture['keypoints'][0]) - [(columns * weights).sum(), (rows * weights).sum()], 1) + 0.0


seen = {'turned': aside(names.Rotate((30, 30), p=1)), 'flipped': aside(names.HorizontalFlip(p=1)),
        'twice as large by Affine': aside(names.Affine(scale=(2, 2), p=1)),
        'four times as large by Resize': aside(names.Resize(4 * HEIGHT, 4 * WIDTH, p=1)),
        'by RandomScale': aside(names.RandomScale((3, 3), p=1)),
        'distorted by ElasticTransform': aside(names.ElasticTransform(alpha=50, sigma=10, p=1))}
print(f'albumentations {version("albumentations")}\n'
      'guess: the keypoint stays in the middle of the dot\n'
      f'seen:  pixels aside: {"; ".join(f"{name} {off.tolist()}" for name, off in seen.items())}')
turned, flipped, affine, resized, scaled, elastic = seen.values()
held = (not np.any([turned, flipped, affine]) and resized.tolist() == scaled.tolist() == [-1.5, -1.5]
        and abs(elastic).max() > 0.5)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
