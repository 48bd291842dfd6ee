#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A camera on a robot, told in the robot's frame, tilted down by 60 degrees; the robot stands at 1 0 0 of a plant, turned by 90 degrees to the
# left. A mark is 1 m before the camera.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check alitra==1.1.5 numpy==2.4.6 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from alitra import Frame, Orientation, Pose, Position, Transform, Translation
from scipy.spatial.transform import Rotation

robot, plant = Frame('robot'), Frame('plant')
way = Transform.from_quat_array(Translation(x=1, y=0, z=0, from_=robot, to_=plant), Rotation.from_euler('z', 90, degrees=True).as_quat(), robot, plant)


def rays(tilt):
    """Return where the camera looks in the plant: by the mark, and by its orientation there."""
    turn = Rotation.from_euler('y', tilt, degrees=True)
    camera = way.transform_pose(Pose(Position(0, 0, 0, robot), Orientation(*turn.as_quat(), frame=robot), robot), robot, plant)
    mark = way.transform_position(Position(*turn.apply((1, 0, 0)), robot), robot, plant)
    told = mark.to_array() - camera.position.to_array(), camera.orientation.to_rotation().apply((1, 0, 0))
    return [(ray.round(2) + 0).tolist() for ray in told]


level, (mark, seen) = rays(0), rays(60)
angle = round(float(np.degrees(np.arccos(np.dot(mark, seen)))))
print(f'alitra {version("alitra")}\n'
      f'guess: the camera looks along {mark} in the plant, to the mark\n'
      f'seen:  along {seen}, {angle} degrees aside; a level one along {level[1]}, to its mark: the turn of the frames is put on the wrong side of the\n'
      '       orientation, so that the tilt is not turned with the robot')
sys.exit(0 if level[0] == level[1] == [0, 1, 0] and mark == [0, .5, -.87] and seen == [0, 1, 0] else 'The behaviour has changed.')
PYTHON
