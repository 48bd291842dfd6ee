#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One matrix of heights for two engines: a hill in its first row and last column.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check coal==3.0.3 mujoco==4.0.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import coal
import mujoco
import numpy as np

X, Y, HEIGHT, CELLS = 2.0, 4.0, 3.0, 9  # metres, metres, metres
heights = np.zeros((CELLS, CELLS))
heights[:4, 5:] = HEIGHT
places = [(x, y) for x in (-.7, .7) for y in (-1.4, 1.4)]

field = coal.HeightFieldOBBRSS(X, Y, heights, 0.0)
model = mujoco.MjModel.from_xml_string(
    f'<mujoco><asset><hfield name="h" nrow="{CELLS}" ncol="{CELLS}" size="{X / 2} {Y / 2} {HEIGHT} .1"/></asset>'
    '<worldbody><geom type="hfield" hfield="h"/></worldbody></mujoco>')
model.hfield_data[:] = heights.ravel() / HEIGHT
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)


def in_hill(x, y):
    """Return whether a small box 1.5 m up is in the hill, to Coal, and a ray from above hits it, to MuJoCo."""
    there = coal.Transform3s(np.eye(3), np.array([x, y, HEIGHT / 2]))
    hits = coal.collide(field, coal.Transform3s(), coal.Box(.1, .1, .1), there, coal.CollisionRequest(), coal.CollisionResult())
    down = mujoco.mj_ray(model, data, np.array([x, y, 10.0]), np.array([0, 0, -1.0]), None, 1, -1, np.zeros((1, 1), np.int32))
    return hits > 0, 10 - down > HEIGHT / 2


hills = [[place for place in places if in_hill(*place)[i]] for i in range(2)]
print(f'coal {version("coal")}, mujoco {version("mujoco")}\n'
      'guess: the hill is at the same place\n'
      f'seen:  Coal {hills[0]}, MuJoCo {hills[1]}: the first row is the left one to one, the right one to the other')
sys.exit(0 if hills == [[(.7, 1.4)], [(.7, -1.4)]] else 'The behaviour has changed.')
PYTHON
