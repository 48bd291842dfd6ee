#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A scan flipped along x, about the centre of the axis, as flipAboutOrigin=False is described, and laid over the scan that it was made of.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 SimpleITK==2.5.7
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import SimpleITK

values = np.arange(30, dtype='f4').reshape(5, 6)
scan = SimpleITK.GetImageFromArray(values)
scan.SetSpacing((.5, .5))
scan.SetOrigin((10, 20))
flipped = SimpleITK.Flip(scan, (True, False), False)


def over(image):
    return SimpleITK.GetArrayFromImage(SimpleITK.Resample(image, scan, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, -1.))


centre = scan.TransformContinuousIndexToPhysicalPoint((2.5, 2))
turned = over(SimpleITK.Resample(scan, SimpleITK.AffineTransform((-1, 0, 0, 1), (0, 0), centre)))
array = SimpleITK.GetArrayFromImage(flipped)
origin = SimpleITK.Flip(scan, (True, False), True).TransformIndexToPhysicalPoint((0, 0))
print(f'SimpleITK {SimpleITK.__version__}\n'
      f'guess: left and right have changed places, as by a transform that mirrors about the centre: {turned[0].tolist()}\n'
      f'seen:  {over(flipped)[0].tolist()}, where each was: the array is turned, {array[0].tolist()}, and with it the direction, '
      f'{flipped.GetDirection()}, and the origin, {flipped.GetOrigin()}; about the origin the first of it lies at {origin[0]}')
held = ((turned == values[:, ::-1]).all() and (over(flipped) == values).all() and (array == values[:, ::-1]).all()
        and flipped.GetDirection() == (-1, 0, 0, 1) and origin == (-12.5, 20))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
