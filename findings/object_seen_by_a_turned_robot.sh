#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A robot stands at 1 0 0 of the world, turned by 90 degrees to the left, and sees an object 2 m ahead; then it goes on by 1 m.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check frame-transforms==0.3.1 numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from frame_transforms import Pose, Registry, Transform
from scipy.spatial.transform import Rotation


def told(vector):
    return (np.asarray(vector).round(2) + 0).tolist()


frames, ahead = Registry('world'), np.array([2., 0, 0])
place = Transform(np.array([1., 0, 0]), Rotation.from_euler('z', 90, degrees=True))
frames.add_transform('world', 'robot', place)
seen = told(Pose(Transform(ahead, Rotation.identity()), 'robot', frames).get_position('world'))
either = [told(frames.get_transform(*names) @ ahead) for names in (('world', 'robot'), ('robot', 'world'))]
step = told(Pose(place, 'world', frames).apply_transform(Transform(np.array([1., 0, 0]), Rotation.identity()), None).transform.translation)
right = told((place @ np.array([1., 0, 0])))
print(f'frame-transforms {version("frame-transforms")}\n'
      f'guess: in the world the object is at {either[0]}, or at {either[1]} if the transform is meant the other way, and after the step the robot is at {right}\n'
      f'seen:  the object is at {seen}, which is neither: the pose is put before the way between the frames and not after it; and the robot is at {step}:\n'
      '       the step is added as if it were one of the world')
held = either == [[1, 2, 0], [0, -1, 0]] and right == [1, 1, 0] and seen == [2, 1, 0] and step == [2, 0, 0]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
