#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The rotation that takes a vector to its opposite, by a function said to give "a 3x3 rotation matrix".
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 dipy==1.12.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from dipy.core.geometry import vec2vec_rotmat
from scipy.spatial.transform import Rotation

vectors = [*np.eye(3), np.array([1, 2, 2]) / 3]
almost = Rotation.from_rotvec([.01, -.02, .01])


def told(opposite):
    matrices = [vec2vec_rotmat(vector, opposite(vector)) for vector in vectors]
    reach = max(np.abs(matrix @ vector - opposite(vector)).max() for matrix, vector in zip(matrices, vectors))
    return [round(float(np.linalg.det(matrix)), 6) for matrix in matrices], bool(reach < 1e-9)


opposite, nearly = told(lambda vector: -vector), told(lambda vector: almost.apply(-vector))
scipy = [float(np.linalg.det(Rotation.align_vectors(-vector, vector)[0].as_matrix())) for vector in vectors]
print(f'dipy {version("dipy")}, SciPy {version("scipy")}\n'
      f'guess: a half turn, whose determinant is 1, as by SciPy ({np.round(scipy, 6).tolist()})\n'
      f'seen:  determinants {opposite[0]}, each at its goal {opposite[1]}: mirrors; of almost opposite ones {nearly[0]}, {nearly[1]}')
held = opposite == ([-1.0] * 4, True) and nearly == ([1.0] * 4, True) and np.allclose(scipy, 1)
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
