#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A rotation told as three angles by the functions of robosuite, and made of them again.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check robosuite==1.5.2
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from robosuite.utils.transform_utils import euler2mat, mat2euler
from scipy.spatial.transform import Rotation

rotation = Rotation.from_euler('xyz', [10, 20, 30], degrees=True)
told = mat2euler(rotation.as_matrix())
again = Rotation.from_matrix(euler2mat(told))
off = np.degrees((again * rotation.inv()).magnitude())
orders = [next(order for order in ('xyz', 'XYZ') if np.allclose(matrix, Rotation.from_euler(order, told).as_matrix(), atol=1e-6))
          for matrix in (rotation.as_matrix(), again.as_matrix())]
print(f'robosuite {version("robosuite")}\n'
      f'guess: euler2mat of what mat2euler tells is the rotation, off by 0\n'
      f'seen:  told {np.degrees(told).round(3).tolist()}, made again it is {off:.1f} degrees off: {orders[0]} in the one, about fixed '
      f'axes, {orders[1]} in the other, about those that turn')
sys.exit(0 if np.allclose(np.degrees(told), [10, 20, 30], atol=1e-3) and 5 < off < 20 and orders == ['xyz', 'XYZ']
         else 'The behaviour has changed.')
PYTHON
