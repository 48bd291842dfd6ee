#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A turn about x, y or z alone, given to the quaternion of VisPy as Euler angles.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check vispy==0.17.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from vispy.util.quaternion import Quaternion

angles = [(90, 0, 0), (0, 90, 0), (0, 0, 90)]
told = [tuple(float(part) for part in Quaternion.create_from_euler_angles(*turn, degrees=True).get_axis_angle()[1:]) for turn in angles]
axis = [tuple(float(part) for part in Quaternion.create_from_axis_angle(90, *turn, degrees=True).get_axis_angle()[1:])
        for turn in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
print(f'vispy {version("vispy")}\n'
      f'guess: create_from_euler_angles(rx, ry, rz) turns by rx about x, by ry about y and by rz about z, as create_from_axis_angle: {axis}\n'
      f'seen:  {told}: by rx about z and by rz about x')
sys.exit(0 if told == axis[::-1] and axis == [(1, 0, 0), (0, 1, 0), (0, 0, 1)] else 'The behaviour has changed.')
PYTHON
