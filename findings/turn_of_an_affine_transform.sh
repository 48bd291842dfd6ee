#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A turn by 90 degrees in the plane of x and y, by six transforms of one toolkit.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 SimpleITK==2.5.7
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from math import pi

import numpy as np
import SimpleITK

flat, solid = SimpleITK.AffineTransform(2), SimpleITK.AffineTransform(3)
flat.Rotate(0, 1, pi / 2)
solid.Rotate(0, 1, pi / 2)
transforms = {'Affine 2D': flat, 'Affine 3D': solid, 'Euler 2D': SimpleITK.Euler2DTransform((0, 0), pi / 2),
              'Similarity 2D': SimpleITK.Similarity2DTransform(1, pi / 2), 'Euler 3D': SimpleITK.Euler3DTransform((0, 0, 0), 0, 0, pi / 2),
              'Versor': SimpleITK.VersorTransform((0, 0, 1), pi / 2)}
seen = {name: np.round(transform.TransformPoint((1., 0., 0.)[:transform.GetDimension()]), 6)[:2].astype(int).tolist()
        for name, transform in transforms.items()}
print(f'SimpleITK {SimpleITK.__version__}\n'
      f'guess: each turns 1 0 to 0 1, from the first axis to the second\n'
      f'seen:  {seen}')
held = seen.pop('Affine 2D') == seen.pop('Affine 3D') == [0, -1] and all(point == [0, 1] for point in seen.values())
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
