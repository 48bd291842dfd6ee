#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A vehicle that stands on its tail, pitch 90 degrees, as a matrix of pymavlink and back.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pymavlink==2.4.50
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import math
import sys
from importlib.metadata import version

from pymavlink.rotmat import Matrix3, Vector3

up = Matrix3()
up.from_euler(0.3, math.pi / 2, 0.0)
angles = up.to_euler()
back = Matrix3()
back.from_euler(*angles)
nose, told = up * Vector3(1, 0, 0), back * Vector3(1, 0, 0)
below = Matrix3()
below.from_euler(0.3, math.radians(89.9), 0.0)
print(f'pymavlink {version("pymavlink")}, Matrix3.from_euler(roll 17, pitch 90, yaw 0).to_euler()')
print('guess: pitch 90, in roll and yaw some split of 17 degrees: the nose where it was')
print(f'seen:  pitch {math.degrees(angles[1]):.0f}; x ahead, z down: the nose, once at z {nose.z:.0f}, now at x {told.x:.0f}, z {told.z:.0f}')
print(f'at 89.9: pitch {math.degrees(below.to_euler()[1]):.1f}')
held = abs(angles[1] + math.pi) < 1e-9 and nose.z < -0.999 and told.x < -0.999
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
