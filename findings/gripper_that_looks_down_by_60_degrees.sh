#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A gripper or camera that looks down by so many degrees, as yaw, pitch and roll by the SDK of a walking robot and back.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check bosdyn-client==5.2.0 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from bosdyn.client.math_helpers import Quat, quat_to_eulerZYX
from scipy.spatial.transform import Rotation

PITCHES = (0, 30, 57, 58, 60, 80, -60)
seen, off = {}, {}
for pitch in PITCHES:
    turn = Rotation.from_euler('ZYX', [40, pitch, 20], degrees=True)
    x, y, z, w = turn.as_quat()
    angles = quat_to_eulerZYX(Quat(w, x, y, z))
    seen[pitch] = [round(float(angle), 1) for angle in np.degrees(angles)]
    off[pitch] = round(float(np.degrees((turn.inv() * Rotation.from_euler('ZYX', angles)).magnitude())), 1)
print(f'bosdyn-client {version("bosdyn-client")}\n'
      f'guess: yaw, pitch and roll by quat_to_eulerZYX are 40, {PITCHES} and 20\n'
      f'seen:  {list(seen.values())}: beyond 57.3°, one radian, it looks straight down, off by {list(off.values())}°')
held = all((off[pitch] < .1) == (abs(pitch) < 57.2) for pitch in PITCHES)
held = held and all(abs(seen[pitch][1]) == 90 and seen[pitch][2] == 0 for pitch in (58, 60, 80, -60)) and off[60] > 25
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
