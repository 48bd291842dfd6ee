#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A joint of a URDF that turns about "1 1 0", which both make an axis of length 1, at half a radian, and a link of 1 m.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check forwardkinematics==1.2.3 casadi==3.8.2 urdf-parser-py==0.0.4 numpy==1.26.4 \
  yourdfpy==0.0.60
cd "$work"
cat > arm.urdf <<'XML'
<robot name="arm"><link name="base"/><link name="upper"/><link name="tip"/>
  <joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/><origin xyz="0 0 0"/><axis xyz="1 1 0"/>
    <limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
  <joint name="end" type="fixed"><parent link="upper"/><child link="tip"/><origin xyz="0 0 1"/></joint>
</robot>
XML
"$work/venv/bin/python" - <<'PYTHON' 2>/dev/null
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from forwardkinematics.urdfFks.generic_urdf_fk import GenericURDFFk
from yourdfpy import URDF

other = URDF.load('arm.urdf', build_scene_graph=True)
other.update_cfg([.5])
right = other.get_transform('tip')
seen = np.array(GenericURDFFk(Path('arm.urdf').read_text(), root_link='base', end_links=['tip']).numpy(np.array([.5]), 'tip', position_only=False))
length = [round(float(np.linalg.norm(place[:3, 3])), 3) for place in (right, seen)]
size = [round(float(np.linalg.det(place[:3, :3])), 3) for place in (right, seen)]
places = [(place[:3, 3].round(3) + 0).tolist() for place in (right, seen)]
print(f'forwardkinematics {version("forwardkinematics")}, yourdfpy {version("yourdfpy")}\n'
      f'guess: the tip is at {places[0]}, 1 m from the joint, as in yourdfpy, and its axes are a rotation, of determinant {size[0]}\n'
      f'seen:  it is at {places[1]}, {length[1]} m away, and the determinant is {size[1]}: the axis is made one of length 1, and then the one of the file is '
      'taken')
sys.exit(0 if (length[0], size[0]) == (1, 1) and length[1] > 1.1 and abs(size[1] - 1) > .1 else 'The behaviour has changed.')
PYTHON
