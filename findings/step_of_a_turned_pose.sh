#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A step of 1 m along x, and a turn of 0.2 rad about z, put on the pose of a robot that faces left, by the retraction of
# two libraries of optimization: what increments, priors and covariances of a pose are told in.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check symforce==0.12.0 gtsam==4.3.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import gtsam
import numpy as np
import sym

LEFT = np.pi / 2
STEP = np.array([0, 0, 0.2, 1, 0, 0])  # a turn and a shift, in this order in both
one = sym.Pose3(sym.Rot3.from_yaw_pitch_roll(LEFT, 0, 0), np.zeros(3))
other = gtsam.Pose3(gtsam.Rot3.Yaw(LEFT), np.zeros(3))
places = {'symforce': one.retract(STEP).t, 'gtsam': other.retract(STEP).translation()}
back = {'symforce': np.array(one.local_coordinates(sym.Pose3(sym.Rot3.from_yaw_pitch_roll(LEFT + 0.2, 0, 0),
                                                             np.array([0, 1, 0])))),
        'gtsam': other.localCoordinates(gtsam.Pose3(gtsam.Rot3.Yaw(LEFT + 0.2), np.array([0, 1, 0])))}
seen, ahead = ({name: np.round(np.asarray(value).ravel()[-3:], 2).tolist() for name, value in told.items()}
               for told in (places, back))
print(f'symforce {version("symforce")}, gtsam {version("gtsam")}\n'
      f'guess: the robot goes 1 m ahead, which is to the left, in both: y = 1, but for the bend of the way\n'
      f'seen:  it is at {seen}; one metre to the left is, beside a turn, {ahead}')
held = seen['symforce'] == [1.0, 0.0, 0.0] and seen['gtsam'][1] > 0.9 > 0.2 > abs(seen['gtsam'][0]) and \
    ahead['symforce'] == [0.0, 1.0, 0.0] and ahead['gtsam'][0] > 0.9
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
