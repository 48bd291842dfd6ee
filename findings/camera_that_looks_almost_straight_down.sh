#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Euler angles, as Unity has them, of a camera that looks down or up by 80 to 89 degrees, turned by 20 and rolled by
# 10.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check unityquaternionpy==0.1.2
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from UnityQuaternion import Quaternion

TILTS = 80, 81, 83, 86, 89


def angles(tilt):
    return [round(angle, 1) % 360 for angle in Quaternion.Euler(tilt, 20, 10).eulerAngles]


def ahead(quaternion):
    return [round(part, 2) + 0 for part in quaternion * (0., 0., 1.)]


seen = {tilt: angles(tilt) for tilt in TILTS}
camera = Quaternion.Euler(83, 20, 10)
ways = ahead(camera), ahead(Quaternion.Euler(*camera.eulerAngles))
up = angles(-83)
print(f'unityquaternionpy {version("unityquaternionpy")}\n'
      f'guess: "eulerAngles" of "Euler(83, 20, 10)" are these, and lead to the same view, {ways[0]}\n'
      f'seen:  x, y and z by tilt: {seen};\n'
      f'       from 82 degrees on down is up, 270, and the camera looks to {ways[1]}; up by 83 is {up}')
held = seen[80] == [80, 20, 10] and seen[81] == [81, 20, 10] and ways[0][1] < -.9 and ways[1][1] > .9 and up[0] == 90
held = held and all(seen[tilt][:2] == [270, 0] for tilt in (83, 86, 89))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
