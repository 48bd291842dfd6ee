#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A frame turned by 90 degrees to the left, from a message to a matrix and back: the parts of its quaternion change places.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  'ros-rclpy[fastrtps]==7.1.6' ros-sensor-msgs==5.3.6 ros-nav-msgs==5.3.6 transformations==2026.1.18 pybase64==1.4.3 numpy==2.4.6
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps ros2-numpy==0.0.5  # it asks for NumPy 1.24.2
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import ros2_numpy
from geometry_msgs.msg import Pose, Quaternion, Transform, Vector3

HALF = .5 ** .5
LEFT = np.array([[0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]])
message = Transform(translation=Vector3(x=1.0, y=2.0, z=3.0), rotation=Quaternion(x=0.0, y=0.0, z=HALF, w=HALF))


def parts(q):
    return [round(float(part), 3) + 0.0 for part in (q.x, q.y, q.z, q.w)]


matrix = (ros2_numpy.numpify(message).round(3) + 0.0).tolist()
transform, pose = ros2_numpy.msgify(Transform, LEFT), ros2_numpy.msgify(Pose, LEFT)
seen = f'numpify(Transform) {matrix}; msgify: x y z w of Transform {parts(transform.rotation)}, of Pose {parts(pose.orientation)}'
print(f'ros2-numpy {version("ros2-numpy")}\n'
      f'guess: {LEFT.tolist()}, and x y z w 0 0 0.707 0.707 of both\n'
      f'seen:  {seen}')
held = (np.allclose(matrix, [[-1, 0, 0, 1], [0, 0, 1, 2], [0, 1, 0, 3], [0, 0, 0, 1]])
        and parts(transform.rotation) == [0, 0, .707, .707] and parts(pose.orientation) == [.707, 0, 0, .707])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
