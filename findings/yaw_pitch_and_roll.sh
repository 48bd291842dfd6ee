#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Yaw, pitch and roll of a vehicle that drives east, 20 degrees down and leaning by 10. The package calls its angles z-y'-x'',
# and gives the product of the matrices below that, in the other order.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyquaternion==0.9.9 scipy==1.17.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from pyquaternion import Quaternion
from scipy.spatial.transform import Rotation

TRUE = 90, 20, 10  # yaw, pitch, roll; a yaw, then a pitch about the new y, then a roll about the newest x
attitude = Rotation.from_euler('ZYX', TRUE, degrees=True)
x, y, z, w = attitude.as_quat()
told = {
    'SciPy': attitude.as_euler('ZYX', degrees=True),
    'pyquaternion': np.degrees(Quaternion(w, x, y, z).yaw_pitch_roll),
}
told = {name: np.round(angles, 3).tolist() for name, angles in told.items()}
print(f'pyquaternion {version("pyquaternion")}, SciPy {version("scipy")}\n'
      f"guess: {TRUE}, as yaw_pitch_roll says that it follows z-y'-x''\n"
      f'seen:  {"; ".join(f"{name} {angles}" for name, angles in told.items())}')
held = told['SciPy'] == list(TRUE) and told['pyquaternion'] == [90, 10, -20]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
